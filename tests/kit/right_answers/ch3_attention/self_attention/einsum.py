"""Everything written out with einsum, and torch's own Xavier."""

import torch
from torch import nn


def xavier_uniform_(weight, generator):
    return nn.init.xavier_uniform_(weight, generator=generator)


class SelfAttention(nn.Module):
    def __init__(self, d_model, d_head):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(d_model, d_head, bias=False) for _ in range(3))
        self.scale = d_head**-0.5

    def forward(self, x, mask=None):
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        scores = torch.einsum("bqd,bkd->bqk", q, k) * self.scale
        if mask is not None:
            mask = mask.expand_as(scores)
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, dim=-1)
        if mask is not None:
            weights = weights * mask
        return torch.einsum("bqk,bkd->bqd", weights, v), weights
