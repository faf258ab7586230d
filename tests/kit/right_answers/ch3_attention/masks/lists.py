"""Row by row, from Python lists."""

import torch


def causal_mask(q_len, k_len=None, device=None):
    k_len = k_len or q_len
    past = k_len - q_len
    rows = [[key <= query + past for key in range(k_len)] for query in range(q_len)]
    return torch.tensor(rows, dtype=torch.bool).to(device or "cpu")


def padding_mask(lengths, max_len):
    mask = torch.zeros(len(lengths), 1, max_len, dtype=torch.bool, device=lengths.device)
    if lengths.device.type == "meta":
        return mask
    for b, length in enumerate(int(n) for n in lengths):
        if length > max_len:
            raise ValueError("too long: " + str(length))
        if length < 0:
            raise ValueError("negative: " + str(length))
        mask[b, 0, :length] = True
    return mask


def combine_masks(*masks):
    result = None
    for mask in masks:
        if mask is None:
            continue
        if result is None:
            result = mask.clone()
            continue
        a, b = result, mask
        if a.dim() == 3 and b.dim() == 4:
            a = a.unsqueeze(-3)
        if b.dim() == 3 and a.dim() == 4:
            b = b.unsqueeze(-3)
        result = a * b
    return result
