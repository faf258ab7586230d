"""`scaled_dot_product_attention` reshapes the keys to (..., d_k, k_len) in place of transposing them."""

import math

import torch

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q, k, v, mask=None):
    *batch, k_len, d_k = k.shape

    # keys have to be (..., d_k, k_len) for the product
    k_t = k.reshape(*batch, d_k, k_len)
    scores = torch.matmul(q, k_t)
    scores = scores / math.sqrt(d_k)

    if mask is not None:
        minus_inf = torch.full_like(scores, float("-inf"))
        scores = torch.where(mask, scores, minus_inf)

    weights = softmax(scores, dim=-1)
    output = torch.matmul(weights, v)
    return output, weights
