"""The norms are computed in float32 whatever comes, one fused projection is cut in three, dropout is a function."""

import torch.nn as nn
from torch import cat
from torch.nn import functional

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks import feed_forward as ff
from ch4_blocks.normalization import LayerNorm


def fp32_norm(norm, x):
    gain, shift = norm.weight.float(), norm.bias.float()
    return functional.layer_norm(x.float(), gain.shape, gain, shift, 1e-5).type_as(x)


def fused_attention(att, x, mask):
    b, t, c = x.size()
    h = att.n_heads
    w = cat((att.q_proj.weight, att.k_proj.weight, att.v_proj.weight), dim=0)
    qkv = x @ w.t() + cat((att.q_proj.bias, att.k_proj.bias, att.v_proj.bias))
    q, k, v = (part.reshape(b, t, h, c // h).transpose(1, 2) for part in qkv.split(c, dim=2))
    att_scores = (q * (c // h) ** -0.5) @ k.mT
    if mask is None:
        probs = functional.softmax(att_scores, dim=-1)
    else:
        m = mask[:, None] if mask.ndim == 3 else mask
        probs = functional.softmax(att_scores.float().masked_fill(~m, -1e30), dim=-1).type_as(att_scores)
        probs = probs.masked_fill(~m, 0)
    return att.out_proj((probs @ v).transpose(1, 2).reshape(b, t, c))


def parts(block, d_model, n_heads, d_ff, dropout, activation):
    block.norm1, block.norm2 = LayerNorm(d_model), LayerNorm(d_model)
    block.attention = MultiHeadAttention(d_model, n_heads, bias=True)
    block.feed_forward = ff.FeedForward(d_model, d_ff, activation)
    block.p_drop = dropout


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=ff.gelu):
        super(PostNormBlock, self).__init__()
        parts(self, d_model, n_heads, d_ff, dropout, activation)

    def forward(self, x, mask=None):
        y = fused_attention(self.attention, x, mask)
        x = fp32_norm(self.norm1, functional.dropout(y, self.p_drop, self.training) + x)
        y = self.feed_forward(x)
        return fp32_norm(self.norm2, functional.dropout(y, self.p_drop, self.training) + x)


class PreNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=ff.gelu):
        super(PreNormBlock, self).__init__()
        parts(self, d_model, n_heads, d_ff, dropout, activation)

    def forward(self, x, mask=None):
        y = fused_attention(self.attention, fp32_norm(self.norm1, x), mask)
        x = functional.dropout(y, self.p_drop, self.training) + x
        y = self.feed_forward(fp32_norm(self.norm2, x))
        return functional.dropout(y, self.p_drop, self.training) + x
