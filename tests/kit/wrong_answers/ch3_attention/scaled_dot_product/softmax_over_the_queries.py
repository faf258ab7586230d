"""`scaled_dot_product_attention` takes the softmax over the queries (dim -2), not over the keys."""

import math

from torch import Tensor

from ch3_attention.softmax import softmax


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    """(..., q_len, d_k), (..., k_len, d_k) -> (..., q_len, k_len)"""
    return (q @ k.mT) * q.shape[-1] ** -0.5


def apply_mask(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.masked_fill(mask.logical_not(), -math.inf)


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None):
    scores = attention_scores(q, k)
    if mask is not None:
        scores = apply_mask(scores, mask)
    attention_weights = softmax(scores, dim=-2)
    return attention_weights @ v, attention_weights
