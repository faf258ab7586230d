"""`scaled_dot_product_attention` scales the queries with `q /= ...`, which changes the caller's tensor."""

import math

import torch

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q, k, v, mask=None):
    head_dim = q.shape[-1]
    # scaling q is cheaper than scaling all the scores
    q /= math.sqrt(head_dim)
    attn_weights = torch.matmul(q, k.transpose(-1, -2))
    if mask is not None:
        attn_weights = attn_weights.masked_fill(~mask, -torch.inf)
    attn_probs = softmax(attn_weights, -1)
    attn_output = torch.matmul(attn_probs, v)
    return attn_output, attn_probs
