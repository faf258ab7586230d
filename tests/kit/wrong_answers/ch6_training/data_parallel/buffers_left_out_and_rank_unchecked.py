"""`broadcast_parameters` leaves the buffers as they are and `ring_all_reduce` does not reject a rank that is not
there."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def ring_all_reduce(
    rank: int,
    world_size: int,
    tensor: Tensor,
    send: Callable[[Tensor], None],
    receive: Callable[[], Tensor],
) -> Tensor:
    if world_size == 1:
        return tensor.detach().clone()

    x = tensor.detach().clone().reshape(-1)
    chunks = list(x.tensor_split(world_size))

    # scatter-reduce
    for i in range(world_size - 1):
        s = (rank - i) % world_size
        r = (rank - i - 1) % world_size
        send(chunks[s])
        chunks[r] = torch.add(chunks[r], receive())

    # all-gather
    for i in range(world_size - 1):
        s = (rank - i + 1) % world_size
        r = (rank - i) % world_size
        send(chunks[s])
        chunks[r] = receive()

    return torch.cat(chunks).reshape_as(tensor)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    for p in model.parameters():
        if p.requires_grad is False:
            continue
        g = p.grad
        if g is None or n_local == 0:
            g = torch.zeros_like(p.data)
        else:
            g = g.mul(n_local).div(n_global)
        p.grad = all_reduce(g)


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    for p in model.parameters():
        p.copy_(broadcast(p.detach()))


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
