"""A loop over the distances: keys and values shifted by each, and a softmax across the copies."""

import torch
import torch.nn.functional as F


def _distance(length, device):
    return torch.arange(length, device=device)[:, None] - torch.arange(length, device=device)[None, :]


def sliding_window_mask(length, window, device=None):
    if not window >= 1:
        raise ValueError(f"bad window {window}")
    distance = _distance(length, device)
    return (distance >= 0) & (distance <= window - 1)


def strided_mask(length, stride, device=None):
    if not stride >= 1:
        raise ValueError(f"bad stride {stride}")
    distance = _distance(length, device)
    return (distance >= 0) & (distance.remainder(stride) == 0)


def sliding_window_attention(q, k, v, window):
    if not window >= 1:
        raise ValueError(f"bad window {window}")
    length = q.shape[-2]
    place = torch.arange(length, device=q.device)
    scores, values = [], []
    for back in range(min(window, length)):
        shift = (0, 0, back, -back)
        score = (q * F.pad(k, shift)).sum(-1) / q.shape[-1] ** 0.5
        scores.append(score.masked_fill(place < back, float("-inf")))
        values.append(F.pad(v, shift))
    weights = torch.stack(scores, dim=-1).softmax(-1)
    return (weights.unsqueeze(-1) * torch.stack(values, dim=-2)).sum(-2)
