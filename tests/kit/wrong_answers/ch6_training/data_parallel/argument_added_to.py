"""`ring_all_reduce` cuts the tensor itself, not a copy of it, and adds what it receives into the caller's memory."""

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
    if rank not in range(world_size):
        raise ValueError(f"there is no rank {rank} among {world_size}")
    chunks = list(tensor.detach().reshape(-1).tensor_split(world_size))

    i = 0
    while i < world_size - 1:
        out = chunks[(rank - i) % world_size]
        send(out.clone())
        chunks[(rank - i - 1) % world_size] += receive()
        i += 1

    i = 0
    while i < world_size - 1:
        out = chunks[(rank + 1 - i) % world_size]
        send(out.clone())
        chunks[(rank - i) % world_size] = receive()
        i += 1

    return torch.cat(chunks).reshape(tensor.shape)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        own = torch.zeros_like(parameter, requires_grad=False)
        if n_local > 0 and parameter.grad is not None:
            own += parameter.grad * n_local / n_global
        parameter.grad = all_reduce(own)


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    everything = list(model.parameters()) + list(model.buffers())
    for mine in everything:
        first = broadcast(mine.detach())
        mine.copy_(first)


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
