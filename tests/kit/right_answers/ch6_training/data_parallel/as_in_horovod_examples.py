"""Scatter-reduce and all-gather over a list of clones, in-place adds, vector views for the gradients, `set_` nowhere."""

import torch


def ring_all_reduce(rank, world_size, tensor, send, receive):
    if rank not in range(world_size):
        raise ValueError("unknown rank %d" % rank)
    parts = [p.clone() for p in torch.tensor_split(tensor.contiguous().view(-1), world_size)]
    N = world_size
    for step in range(N - 1):
        outgoing = (rank - step + N) % N
        incoming = (rank - step - 1 + N) % N
        send(parts[outgoing].clone())
        parts[incoming].add_(receive())
    for step in range(N - 1):
        outgoing = (rank - step + 1 + N) % N
        incoming = (rank - step + N) % N
        send(parts[outgoing].clone())
        parts[incoming].copy_(receive())
    result = torch.empty_like(tensor, memory_format=torch.contiguous_format)
    result.view(-1).copy_(torch.cat(parts))
    return result


@torch.no_grad()
def all_reduce_gradients(model, all_reduce, n_local, n_global):
    weight = n_local / n_global
    for name, param in model.named_parameters():
        if param.requires_grad is False:
            continue
        grad = torch.zeros_like(param)
        if param.grad is not None and n_local > 0:
            grad.add_(param.grad, alpha=weight)
        reduced = all_reduce(grad)
        if param.grad is None:
            param.grad = reduced.clone()
        else:
            param.grad.copy_(reduced)


def broadcast_parameters(model, broadcast):
    for p in model.parameters():
        p.data.copy_(broadcast(p.data))
    for b in model.buffers():
        b.data.copy_(broadcast(b.data))
