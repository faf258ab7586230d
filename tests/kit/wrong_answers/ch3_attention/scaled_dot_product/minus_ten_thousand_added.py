"""`scaled_dot_product_attention` adds -10000 to masked scores, not -inf, so a query that may attend to nothing still
gets weights."""

import math

import torch
from torch import Tensor

from ch3_attention.softmax import softmax


def get_extended_attention_mask(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """1 for keep and 0 for drop become 0 and -10000."""
    return (1.0 - mask.to(dtype)) * -10000.0


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    attention_scores = torch.matmul(q, k.transpose(-1, -2))
    attention_scores = attention_scores / math.sqrt(q.size(-1))
    if mask is not None:
        attention_scores = attention_scores + get_extended_attention_mask(mask, attention_scores.dtype)
    attention_probs = softmax(attention_scores, dim=-1)
    context_layer = torch.matmul(attention_probs, v)
    return context_layer, attention_probs
