"""view and permute, the scale in a buffer, softmax in float32, and the last weights kept as an attribute for a look."""

import torch
from torch import nn
from torch.nn import functional as F


def split_heads(tensor, num_heads):
    if num_heads <= 0 or tensor.size(-1) % num_heads:
        raise ValueError(f"num_heads={num_heads} must divide {tensor.size(-1)}")
    b, t, c = tensor.size()
    return tensor.contiguous().view(b, t, num_heads, c // num_heads).permute(0, 2, 1, 3)


def merge_heads(tensor):
    b, h, t, d = tensor.size()
    return tensor.permute(0, 2, 1, 3).reshape(b, t, h * d)


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        if not (n_heads > 0 and d_model % n_heads == 0):
            raise ValueError(f"embed_dim {d_model} is not divisible by num_heads {n_heads}")
        self.n_heads = n_heads
        self.register_buffer("scale", torch.tensor((d_model // n_heads) ** -0.5), persistent=False)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(d_model, d_model, bias) for _ in range(4))
        self.att = None

    def forward(self, x, context=None, mask=None):
        kv = x if context is None else context
        query = split_heads(self.q_proj(x) * self.scale, self.n_heads)
        key = split_heads(self.k_proj(kv), self.n_heads)
        value = split_heads(self.v_proj(kv), self.n_heads)
        att = query @ key.transpose(2, 3)
        if mask is None:
            att = F.softmax(att, -1, dtype=torch.float32).type_as(att)
        else:
            mask = mask[:, None] if mask.ndim == 3 else mask
            att = F.softmax(att.masked_fill(mask == 0, -1e30 if att.dtype == torch.float64 else -1e9), dim=-1)
            att = att * mask.type_as(att)
        self.att = att
        return self.out_proj(merge_heads(att @ value))

    def attention_weights(self, x, context=None, mask=None):
        self.forward(x, context, mask)
        return self.att
