"""einsum, the scale shared between both sides, and a mask that is added."""

import torch

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q, k, v, mask=None):
    root = q.shape[-1] ** 0.25
    scores = torch.einsum("...qd,...kd->...qk", q / root, k / root)
    if mask is not None:
        bias = torch.zeros(mask.shape, dtype=q.dtype, device=q.device)
        bias = bias.masked_fill(mask.logical_not(), float("-inf"))
        scores = scores + bias
    weights = softmax(scores, -1)
    return torch.einsum("...qk,...kd->...qd", weights, v), weights
