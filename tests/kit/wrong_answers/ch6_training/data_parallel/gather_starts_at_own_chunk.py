"""`ring_all_reduce` begins the all-gather with chunk `rank` instead of `rank + 1`, as if that were the whole sum."""

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
    if rank < 0 or world_size <= rank:
        raise ValueError(f"rank={rank} is outside of the world of {world_size} processes")
    shape = tensor.shape
    parts = list(tensor.detach().clone().reshape(-1).tensor_split(world_size))

    def exchange(round_: int) -> tuple[int, Tensor]:
        send(parts[(rank - round_) % world_size])
        return (rank - round_ - 1) % world_size, receive()

    for round_ in range(world_size - 1):
        place, incoming = exchange(round_)
        parts[place] = parts[place] + incoming
    for round_ in range(world_size - 1):
        place, incoming = exchange(round_)
        parts[place] = incoming
    return torch.cat(parts).reshape(shape)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    share = n_local / n_global
    trainable = [p for p in model.parameters() if p.requires_grad]
    for p in trainable:
        has_gradient = p.grad is not None and n_local != 0
        weighted = share * p.grad if has_gradient else torch.zeros_like(p)
        p.grad = all_reduce(weighted.detach())


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    for _, parameter in model.named_parameters():
        parameter.copy_(broadcast(parameter.detach()))
    for _, buffer in model.named_buffers():
        buffer.copy_(broadcast(buffer))


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
