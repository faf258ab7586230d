"""`all_reduce_gradients` weighs by n_local / n_global after the all-reduce, so each rank weighs the sum with its own
share instead of each gradient with the share it came from."""

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
    if not 0 <= rank <= world_size - 1:
        raise ValueError("no such rank: " + str(rank))

    data = tensor.detach().reshape(-1).clone()
    chunks = []
    for piece in torch.tensor_split(data, world_size):
        chunks.append(piece)

    for i in range(world_size - 1):
        outgoing = (rank - i) % world_size
        incoming = (rank - i - 1) % world_size
        send(chunks[outgoing])
        new = receive()
        chunks[incoming] = new + chunks[incoming]

    for i in range(world_size - 1):
        outgoing = (rank + 1 - i) % world_size
        incoming = (rank - i) % world_size
        send(chunks[outgoing])
        new = receive()
        chunks[incoming] = new

    return torch.cat(chunks, dim=0).view(tensor.shape)


def all_reduce_gradients(model: nn.Module, all_reduce: Callable[[Tensor], Tensor], n_local: int, n_global: int) -> None:
    for param in model.parameters():
        if not param.requires_grad:
            continue
        if param.grad is None or n_local == 0:
            grad = torch.zeros_like(param, requires_grad=False)
        else:
            grad = param.grad
        total = all_reduce(grad)
        param.grad = total * n_local / n_global


@torch.no_grad()
def broadcast_parameters(model: nn.Module, broadcast: Callable[[Tensor], Tensor]) -> None:
    for param in model.parameters():
        value = broadcast(param.data)
        param.copy_(value)
    for buf in model.buffers():
        value = broadcast(buf)
        buf.copy_(value)


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
