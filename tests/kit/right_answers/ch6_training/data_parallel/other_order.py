"""A ring in which rank r ends up with chunk r, with slices of a flat buffer; one bucket for all gradients."""

import torch
from torch import nn


def ring_all_reduce(rank, world_size, tensor, send, receive):
    if rank < 0 or rank >= world_size:
        raise ValueError(f"there is no rank {rank} among {world_size}")
    flat = tensor.flatten().clone()
    ends = [flat.numel() * k // world_size for k in range(world_size + 1)]
    chunks = [slice(ends[k], ends[k + 1]) for k in range(world_size)]
    going = rank - 1
    for _ in range(world_size - 1):
        send(flat[chunks[going % world_size]].clone())
        going -= 1
        flat[chunks[going % world_size]] += receive()
    going = rank
    for _ in range(world_size - 1):
        send(flat[chunks[going % world_size]].clone())
        going -= 1
        flat[chunks[going % world_size]] = receive()
    return flat.view(tensor.shape)


def all_reduce_gradients(model, all_reduce, n_local, n_global):
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        return
    bucket = torch.cat([torch.zeros(p.numel(), dtype=p.dtype) if p.grad is None else p.grad.flatten() for p in trained])
    bucket = bucket * n_local / n_global if n_local else torch.zeros_like(bucket)
    summed = all_reduce(bucket)
    for p, part in zip(trained, summed.split([p.numel() for p in trained]), strict=True):
        p.grad = part.reshape(p.shape).clone()


def broadcast_parameters(model, broadcast):
    seen = set()
    for _, tensor in [*model.named_parameters(remove_duplicate=False), *model.named_buffers()]:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            tensor.data[...] = broadcast(tensor.data.clone())


__all__ = ["all_reduce_gradients", "broadcast_parameters", "nn", "ring_all_reduce"]
