"""`ring_all_reduce` pads the tensor with zeros to chunks of equal size, and so sends more numbers than it may."""

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
    if not (0 <= rank < world_size):
        raise ValueError(f"rank {rank} must be between 0 and {world_size - 1}")
    n = tensor.numel()
    chunk_size = (n + world_size - 1) // world_size
    buffer = torch.zeros(world_size, chunk_size, dtype=tensor.dtype, device=tensor.device)
    buffer.view(-1)[:n] = tensor.detach().reshape(-1)

    # phase 1: reduce-scatter
    for i in range(world_size - 1):
        send(buffer[(rank - i) % world_size].clone())
        buffer[(rank - i - 1) % world_size] += receive()

    # phase 2: all-gather
    for i in range(world_size - 1):
        send(buffer[(rank + 1 - i) % world_size].clone())
        buffer[(rank - i) % world_size] = receive()

    return buffer.view(-1)[:n].reshape(tensor.shape).clone()


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    for p in model.parameters():
        if not p.requires_grad:
            continue
        if n_local == 0:
            contribution = torch.zeros_like(p.data)
        elif p.grad is None:
            contribution = torch.zeros_like(p.data)
        else:
            contribution = p.grad.clone() * (n_local / n_global)
        p.grad = all_reduce(contribution)


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    for p in model.parameters():
        p.data.copy_(broadcast(p.data))
    for b in model.buffers():
        b.data.copy_(broadcast(b.data))


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
