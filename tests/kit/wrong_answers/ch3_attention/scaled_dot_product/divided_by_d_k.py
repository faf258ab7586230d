"""`scaled_dot_product_attention` divides the scores by d_k in place of its square root."""

import torch

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q, k, v, mask=None):
    """Compute 'Scaled Dot Product Attention'"""
    d_k = q.size(-1)
    scores = torch.matmul(q, k.transpose(-2, -1)) / d_k
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    p_attn = softmax(scores, dim=-1)
    return torch.matmul(p_attn, v), p_attn
