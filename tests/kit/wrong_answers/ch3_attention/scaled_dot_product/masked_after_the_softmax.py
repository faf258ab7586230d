"""`scaled_dot_product_attention` applies the mask after the softmax, so the weights that are left do not sum to one."""

import math

import torch
from torch import Tensor

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    scale = 1.0 / math.sqrt(q.shape[-1])
    sim = torch.einsum("...id,...jd->...ij", q, k) * scale
    attn = softmax(sim, dim=-1)
    if mask is not None:
        # keys that are not allowed get no weight
        attn = attn * mask.to(attn.dtype)
    out = torch.einsum("...ij,...jd->...id", attn, v)
    return out, attn
