"""`combine_masks` adds the heads axis with `unsqueeze_`, which changes the shape of the caller's own mask."""

import torch


def causal_mask(q_len, k_len=None, device=None):
    if k_len is None:
        k_len = q_len
    mask = torch.zeros(q_len, k_len, dtype=torch.bool, device=device)
    for i in range(q_len):
        last_visible = i + k_len - q_len
        if last_visible >= 0:
            mask[i, : last_visible + 1] = True
    return mask


def padding_mask(lengths, max_len):
    if not lengths.is_meta:
        if ((lengths < 0) | (lengths > max_len)).any():
            wrong = [n for n in lengths.tolist() if n < 0 or n > max_len]
            raise ValueError(f"these lengths are not possible: {wrong}")
    mask = torch.arange(max_len, device=lengths.device).expand(len(lengths), max_len) < lengths.unsqueeze(1)
    return mask.unsqueeze(1)


def combine_masks(*masks):
    used = []
    for mask in masks:
        if mask is not None:
            used.append(mask)
    if len(used) == 0:
        return None

    has_heads = False
    for mask in used:
        if mask.dim() == 4:
            has_heads = True
    if has_heads:
        for mask in used:
            if mask.dim() == 3:
                mask.unsqueeze_(1)

    result = used[0]
    for mask in used[1:]:
        result = result & mask
    return result
