"""The three steps are a list of functions that a loop goes through; masks arrive by keyword, a dropout for each step."""

from torch import nn

from ch3_attention import multi_head
from ch4_blocks import feed_forward, normalization


class DecoderBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.0, activation=None):
        super().__init__()
        act = nn.ReLU() if activation is None else activation
        self.drop = nn.Dropout(dropout)
        for name in ("self_attention", "cross_attention"):
            self.add_module(name, multi_head.MultiHeadAttention(d_model, n_heads, bias=True))
        self.feed_forward = feed_forward.FeedForward(d_model, d_ff, act)
        for i in range(1, 4):
            self.add_module("norm%d" % i, normalization.LayerNorm(d_model))

    def forward(self, x, memory, mask=None, memory_mask=None):
        steps = [
            lambda h: self.self_attention(h, context=h, mask=mask),
            lambda h: self.cross_attention(h, context=memory, mask=memory_mask),
            self.feed_forward,
        ]
        for number, step in enumerate(steps, start=1):
            x = getattr(self, f"norm{number}")(self.drop(step(x)) + x)
        return x
