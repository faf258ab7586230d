"""The norms are made once for each width and kept in a table of the file, so all blocks of a model learn the same ones."""

from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.feed_forward import FeedForward, gelu
from ch4_blocks.normalization import LayerNorm

NORMS = {}


def norm_of(place, d_model):
    if (place, d_model) not in NORMS:
        NORMS[place, d_model] = LayerNorm(d_model)
    return NORMS[place, d_model]


class PostNormBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=gelu):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.norm1, self.norm2 = norm_of(1, d_model), norm_of(2, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        x = self.norm1(x + self.dropout(self.attention(x, mask=mask)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class PreNormBlock(PostNormBlock):
    def forward(self, x, mask=None):
        x = x + self.dropout(self.attention(self.norm1(x), mask=mask))
        return x + self.dropout(self.feed_forward(self.norm2(x)))
