"""PyTorch's softmax, whose NaN rows are replaced: masked_fill lets no gradient through to them, so this is right."""

import math

import torch


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.matmul(q / math.sqrt(k.size(-1)), torch.swapaxes(k, -1, -2))
    if mask is not None:
        scores = torch.masked_fill(scores, torch.logical_not(mask), float("-inf"))
    weights = torch.nan_to_num(torch.softmax(scores, dim=-1), nan=0.0)
    return torch.matmul(weights, v), weights
