"""PyTorch's softmax over the smallest number there is, and zeros put in for rows that see nothing."""

import torch
import torch.nn.functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.matmul(q, k.mT) * q.shape[-1] ** -0.5
    if mask is None:
        weights = F.softmax(scores, dim=-1)
    else:
        lowest = torch.finfo(scores.dtype).min
        weights = F.softmax(torch.where(mask, scores, lowest), dim=-1)
        weights = torch.where(mask, weights, 0.0)
    return torch.matmul(weights, v), weights
