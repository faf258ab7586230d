"""`scaled_dot_product_attention` transposes axes 1 and 2 of the keys, right for three axes only, and returns weights
that are detached from the graph."""

import math

import torch
from torch import Tensor

from ch3_attention.softmax import softmax


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return softmax(scores, dim=-1)
    return softmax(torch.where(mask, scores, -math.inf), dim=-1)


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None):
    d = q.shape[-1]
    scores = torch.matmul(q, k.transpose(1, 2)) / math.sqrt(d)
    attention_weights = masked_softmax(scores, mask)
    output = torch.matmul(attention_weights, v)
    # the weights are only there to look at
    return output, attention_weights.detach()
