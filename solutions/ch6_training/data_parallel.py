"""# Data-parallel training

**How can several machines train one model together?** If each steps by its own gradient, the copies differ after the
first step. N machines then train N models, each on an N-th of the data.

Several processes, the *ranks* 0 to N−1, each hold a copy of the model and a share of the batch. If they start
from the same parameters and, at each step, average their gradients, all the copies stay equal, and the step
is the one that a single process would have taken with the whole batch.

**The ring.** To add up a tensor over all ranks, each could send all of it to all others. The *ring
all-reduce* sends far less. Rank `r` sends only to its right neighbour, `(r + 1) mod N`, and receives only
from its left one. The tensor is cut into `N` chunks, and all goes in rounds:

1. *Reduce-scatter*, N−1 rounds. In each, a rank sends a chunk to the right, receives another from the left,
   and adds that to its own. In round `i` (from 0) rank `r` sends chunk `(r − i) mod N` and receives chunk
   `(r − i − 1) mod N`. After that rank `r` holds one whole sum: chunk `(r + 1) mod N`.
2. *All-gather*, N−1 rounds. The whole sums go once around: in round `i` rank `r` sends chunk
   `(r + 1 − i) mod N` and receives chunk `(r − i) mod N`, which takes the place of its own.

Each rank sends `2·(N−1)` chunks of `1/N` of the tensor: `2·(N−1)/N` of it, less than twice, however many
ranks there are.

**The gradients.** The loss of a rank is the mean over its own `n_local` examples. The mean over all
`n_global` is the sum of the ranks' means, each times `n_local / n_global`; only where all shares are equal is
it their plain average.

| name | shape |
|---|---|
| `tensor` | any, the same on all ranks |
| a chunk | one axis, the size divided by N, rounded up or down |

By hand, two ranks, `[1, 2]` and `[10, 20]`: rank 0 sends `[1]`, rank 1 sends `[20]`. Rank 0 now has the sum
`[22]` of chunk 1, rank 1 has `[11]` of chunk 0. They send each other these, and both have `[11, 22]`. Each
has sent 2 numbers: `2·(2−1)/2` of 2.

Source: Patarasuk and Yuan, *Bandwidth optimal all-reduce algorithms for clusters of workstations* (2009),
section 4; the gradients: Goyal et al., *Accurate, Large Minibatch SGD* (2017), section 3, remark 3.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor, nn


def ring_all_reduce(
    rank: int,
    world_size: int,
    tensor: Shaped[Tensor, "*shape"],
    send: Callable[[Tensor], None],
    receive: Callable[[], Tensor],
) -> Shaped[Tensor, "*shape"]:
    """The sum of `tensor` over all ranks, as a new tensor of the same shape and dtype. All ranks call this at once.

    `send(chunk)` gives a tensor to the right neighbour and returns at once; `receive()` waits for the next one from
    the left. What was sent may be read later, so do not change it afterwards: send a copy of what you go on adding
    to. In each round send first and then receive; if all ranks received first, all would wait for ever.

    What is passed on has this rank's own part in it already. The size need not be divisible by `world_size`: chunks
    then differ by one element, and some may be empty, which are sent like all others. Together a rank sends no more
    than 2·(N−1)/N of the tensor, but for that rounding, one chunk in each of 2·(N−1) rounds; do not pad. With a world
    of 1 nothing is sent, and the result is a new tensor, too. `tensor` may lie in memory in any order and is not
    changed. A rank outside 0 … `world_size` − 1 raises a `ValueError` that gives it.

    Try it on the ring below: `run_ring(ring_all_reduce, [torch.ones(5), torch.ones(5)])`.
    """
    # TODO: reject a rank that is not there.
    # TODO: cut a copy of the tensor, as one axis, into world_size chunks (tensor_split does it).
    # TODO: reduce-scatter: world_size - 1 rounds of sending a chunk and adding the received one.
    # TODO: all-gather: world_size - 1 rounds of sending a whole sum and keeping the received one.
    # TODO: put the chunks together in the shape of `tensor`.
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not in a world of {world_size}")
    chunks = list(tensor.detach().clone().reshape(-1).tensor_split(world_size))
    for i in range(world_size - 1):
        send(chunks[(rank - i) % world_size])
        place = (rank - i - 1) % world_size
        chunks[place] = chunks[place] + receive()
    for i in range(world_size - 1):
        send(chunks[(rank + 1 - i) % world_size])
        chunks[(rank - i) % world_size] = receive()
    return torch.cat(chunks).reshape(tensor.shape)


def all_reduce_gradients(
    model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int
) -> None:
    """Give every parameter the gradient of the mean loss over all `n_global` examples; `n_local` are this rank's.

    The model holds the gradients of this rank's mean loss, which count by its share, n_local / n_global.
    `all_reduce(tensor)` returns the sum over the ranks as a new tensor; all ranks must call it equally often, with the
    same shapes in the same order, that of `model.parameters()`. So a parameter that this rank has no gradient for
    takes part with zeros: another rank may have one. A parameter that two modules share is reduced once: a second time
    would count it again. Parameters that do not require gradients take no part.

    A rank with an empty share (`n_local` 0) has no mean loss: it takes part with zeros, whatever its gradients hold.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> model.weight.grad = torch.tensor([[3.0, 4.0]])
    >>> all_reduce_gradients(model, lambda tensor: 2 * tensor, n_local=1, n_global=2)  # two ranks with equal gradients
    >>> model.weight.grad
    tensor([[3., 4.]])
    """
    # TODO: for each parameter, in the model's order: its gradient or zeros, times n_local / n_global,
    #   all-reduced.
    for p in model.parameters():
        if not p.requires_grad:
            continue
        if p.grad is None or n_local == 0:  # noqa: SIM108 # two cases of equal weight
            share = torch.zeros_like(p)
        else:
            share = p.grad * (n_local / n_global)
        p.grad = all_reduce(share)


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    """Give every parameter and buffer the values that rank 0 has, so that all copies of the model start out equal.

    Frozen parameters and buffers, such as running means, take part like all others. `broadcast(tensor)` returns rank
    0's tensor on every rank; all ranks must call it equally often, in the same order: the parameters in that of
    `model.parameters()`, the buffers wherever you like. The values are copied into the parameters that are there: an
    optimizer holds on to those, and what `broadcast` returned may be rank 0's own memory. A shared parameter is sent
    once and stays shared. Gradients stay as they are.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> broadcast_parameters(model, torch.zeros_like)  # rank 0's model is all zeros
    >>> model.weight.tolist()
    [[0.0, 0.0]]
    """
    # TODO: for each parameter and each buffer: copy what broadcast returns into it, in place and without
    #   gradients.
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.copy_(broadcast(tensor.detach()))


@dataclass
class RingRun:
    """What `run_ring` saw: each rank's result, and how many elements each rank sent."""

    results: list[Tensor]
    sent: list[int]


def run_ring(function: Callable[..., Tensor], tensors: list[Tensor], seconds: float = 10.0) -> RingRun:
    """Run `function(rank, world_size, tensor, send, receive)` for all ranks at once, in threads, and count what moves.

    A rank that waits longer than `seconds` for its left neighbour ends the run with a `TimeoutError`.
    """
    n = len(tensors)
    pipes: list[queue.Queue[Tensor]] = [queue.Queue() for _ in range(n)]  # pipes[r] leads from r - 1 to r
    results: list[Tensor | BaseException | None] = [None] * n
    sent = [0] * n

    def run(rank: int) -> None:
        def send(chunk: Tensor) -> None:
            sent[rank] += chunk.numel()
            pipes[(rank + 1) % n].put(chunk.clone())

        def receive() -> Tensor:
            try:
                return pipes[rank].get(timeout=seconds)
            except queue.Empty:
                raise TimeoutError(f"rank {rank} waited {seconds:g} s and nothing came from the left") from None

        try:
            results[rank] = function(rank, n, tensors[rank], send, receive)
        except BaseException as error:
            results[rank] = error

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [result for result in results if isinstance(result, BaseException)]
    for error in sorted(errors, key=lambda error: isinstance(error, TimeoutError)):
        raise error  # the first that is not just a rank waiting for one that failed
    return RingRun([result for result in results if isinstance(result, Tensor)], sent)
