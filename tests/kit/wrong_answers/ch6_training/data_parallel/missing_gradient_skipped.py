"""`all_reduce_gradients` passes over parameters that have no gradient here, and does not let them take part with
zeros."""

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
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is out of range")
    flat = tensor.detach().clone().reshape(-1)
    bounds = [len(part) for part in flat.tensor_split(world_size)]
    starts = [sum(bounds[:i]) for i in range(world_size + 1)]

    def chunk(index: int) -> Tensor:
        index = index % world_size
        return flat[starts[index] : starts[index + 1]]

    for i in range(world_size - 1):
        send(chunk(rank - i).clone())
        chunk(rank - i - 1).add_(receive())
    for i in range(world_size - 1):
        send(chunk(rank + 1 - i).clone())
        chunk(rank - i).copy_(receive())
    return flat.reshape(tensor.shape)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    for p in model.parameters():
        if not p.requires_grad or p.grad is None:
            continue
        if n_local == 0:
            p.grad = all_reduce(torch.zeros_like(p.grad))
        else:
            p.grad = all_reduce(p.grad * (n_local / n_global))


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    def fill(target: Tensor) -> None:
        target.copy_(broadcast(target.detach()))

    for p in model.parameters():
        fill(p)
    for b in model.buffers():
        fill(b)


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
