"""The triangle above the diagonal taken from ones, padding by expanding, and masks joined as one stack."""

import torch


def causal_mask(size, k_len=None, device=None):
    keys = size if k_len is None else k_len
    ones = torch.ones((1, size, keys), device=device)
    future = torch.triu(ones, diagonal=keys - size + 1)
    return (future == 0)[0]


def padding_mask(lengths, max_len):
    if lengths.device != torch.device("meta"):
        outside = lengths[(lengths < 0) | (lengths > max_len)]
        if outside.numel() > 0:
            raise ValueError("lengths out of range: %s" % outside.tolist())
    row = torch.arange(max_len).to(lengths.device)
    mask = row.expand(lengths.size(0), max_len).lt(lengths.unsqueeze(-1))
    return mask[:, None, :]


def combine_masks(*masks):
    present = tuple(m for m in masks if m is not None)
    if len(present) == 0:
        return None
    with_heads = max(m.ndim for m in present) == 4
    lifted = [m.unsqueeze(dim=1) if with_heads and m.ndim == 3 else m for m in present]
    return torch.stack(torch.broadcast_tensors(*lifted)).all(dim=0)
