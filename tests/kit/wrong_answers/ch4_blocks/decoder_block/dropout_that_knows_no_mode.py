"""A constant of the file switches dropout, in place of the mode of the module: after `eval()` it still drops."""

import torch
from torch import nn
from torch.nn.functional import dropout as drop

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm

TRAINING = True


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1, self.norm2, self.norm3 = LayerNorm(d_model), LayerNorm(d_model), LayerNorm(d_model)
        self.p = dropout

    def forward(self, x, memory, mask=None, memory_mask=None):
        x = self.norm1(x + drop(self.self_attention(x, mask=mask), self.p, TRAINING))
        x = self.norm2(x + drop(self.cross_attention(x, context=memory, mask=memory_mask), self.p, TRAINING))
        return self.norm3(x + drop(self.feed_forward(x), self.p, TRAINING))
