"""`broadcast_parameters` puts what `broadcast` returned in the place of each value through `.data` instead of copying
it and `all_reduce_gradients` takes parameters along that require no gradients."""

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
    if rank < 0:
        raise ValueError(f"rank {rank} is negative")
    if rank >= world_size:
        raise ValueError(f"rank {rank} is too large for {world_size} ranks")

    chunks = dict(enumerate(tensor.detach().clone().reshape(-1).tensor_split(world_size)))

    # every rank adds its part to what comes from the left
    current = rank
    for _ in range(world_size - 1):
        send(chunks[current])
        current = (current - 1) % world_size
        chunks[current] = chunks[current] + receive()

    # now chunks[current] is a whole sum, and goes around once
    for _ in range(world_size - 1):
        send(chunks[current])
        current = (current - 1) % world_size
        chunks[current] = receive()

    return torch.cat([chunks[i] for i in range(world_size)]).reshape(tensor.shape)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    factor = n_local / n_global
    for p in model.parameters():
        if p.grad is None or n_local == 0:
            p.grad = all_reduce(torch.zeros_like(p.data))
        else:
            p.grad = all_reduce(p.grad * factor)


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    for p in model.parameters():
        p.data = broadcast(p.data)
    for b in model.buffers():
        b.data = broadcast(b.data)


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
