"""One head after the other, each with its rows of the weights."""

import torch
import torch.nn.functional as F
from torch import nn

from ch3_attention.scaled_dot_product import scaled_dot_product_attention


def split_heads(x, n_heads):
    width = x.shape[-1]
    if n_heads <= 0 or width % n_heads != 0:
        raise ValueError(f"cannot split {width} into {n_heads} heads")
    return torch.stack(torch.split(x, width // n_heads, dim=-1), dim=1)


def merge_heads(x):
    return torch.cat(torch.unbind(x, dim=1), dim=-1)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        if n_heads <= 0 or d_model % n_heads != 0:
            raise ValueError(f"d_model = {d_model} cannot be split into {n_heads} heads")
        super().__init__()
        self.d_model, self.n_heads, self.d_head = d_model, n_heads, d_model // n_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            self.add_module(name, nn.Linear(d_model, d_model, bias=bias))

    def one_head(self, head, x, context, mask):
        rows = slice(head * self.d_head, (head + 1) * self.d_head)
        made = []
        for layer, vectors in ((self.q_proj, x), (self.k_proj, context), (self.v_proj, context)):
            made.append(F.linear(vectors, layer.weight[rows], None if layer.bias is None else layer.bias[rows]))
        if mask is not None and mask.dim() == 4:
            mask = mask[:, head] if mask.size(1) > 1 else mask[:, 0]
        return scaled_dot_product_attention(*made, mask)

    def forward(self, x, context=None, mask=None):
        context = x if context is None else context
        heads = [self.one_head(head, x, context, mask)[0] for head in range(self.n_heads)]
        return self.out_proj(torch.cat(heads, dim=-1))

    def attention_weights(self, x, context=None, mask=None):
        context = x if context is None else context
        return torch.stack([self.one_head(head, x, context, mask)[1] for head in range(self.n_heads)], dim=1)
