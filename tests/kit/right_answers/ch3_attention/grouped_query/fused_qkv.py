"""One product for queries, keys and values, split afterwards; heads by einsum on five axes."""

import torch
import torch.nn as nn
from torch.nn.functional import linear


def repeat_heads(x, n_heads):
    if n_heads % x.size(1) > 0:
        raise ValueError(n_heads)
    return torch.stack([x] * (n_heads // x.size(1)), dim=2).flatten(1, 2)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads != 0:
            raise ValueError(f"heads: {n_heads}")
        if n_kv_heads < 1 or n_heads % n_kv_heads != 0:
            raise ValueError(f"kv heads: {n_kv_heads}")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.sizes = [d_model, n_kv_heads * (d_model // n_heads), n_kv_heads * (d_model // n_heads)]
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(d_model, size, bias=False) for size in self.sizes)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        weight = torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight), dim=0)
        q, k, v = linear(x, weight).split(self.sizes, dim=-1)
        g = self.n_kv_heads
        q = q.unflatten(-1, (g, self.n_heads // g, -1))
        k, v = k.unflatten(-1, (g, -1)), v.unflatten(-1, (g, -1))
        scores = torch.einsum("bigrd,bjgd->bgrij", q, k) / k.size(-1) ** 0.5
        if mask is not None:
            if mask.ndim == 4 and mask.size(1) == self.n_heads:
                mask = mask.unflatten(1, (g, -1))
            elif mask.ndim == 4:
                mask = mask[:, None]
            elif mask.ndim == 3:
                mask = mask[:, None, None]
            top = torch.where(mask, scores, -torch.inf).amax(-1, keepdim=True)
            scores = torch.where(mask, scores - top.clamp(min=-1e30), -torch.inf)
        else:
            scores = scores - scores.amax(-1, keepdim=True)
        powers = scores.exp()
        total = powers.sum(-1, keepdim=True)
        weights = powers / total.where(total > 0, torch.ones_like(total))
        mixed = torch.einsum("bgrij,bjgd->bigrd", weights, v)
        return self.out_proj(mixed.flatten(2))


def cache_bytes(batch, seq, n_layers, n_kv_heads, d_head, bytes_per_value):
    one = (batch, n_kv_heads, seq, d_head)
    return torch.Size(one).numel() * 2 * n_layers * bytes_per_value
