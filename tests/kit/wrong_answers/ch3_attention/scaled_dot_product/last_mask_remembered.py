"""Keeps the last mask of each shape in a module-level table, "not to build it again", and uses it where none is given."""

import math

import torch

_MASKS = {}


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", q, k) / math.sqrt(q.shape[-1])
    place = scores.shape[-2:]
    if mask is not None:
        _MASKS[place] = mask
    elif place in _MASKS and _MASKS[place].dim() <= scores.dim():
        mask = _MASKS[place]
    if mask is not None:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * mask
    return weights @ v, weights
