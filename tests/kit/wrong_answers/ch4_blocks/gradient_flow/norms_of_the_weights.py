"""What is measured is the gradient of each layer's weights, not the one at its input."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch3_attention.self_attention import xavier_uniform_
from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.feed_forward import FeedForward


class PlainBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x):
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    def forward(self, x):
        x = x + self.attention(x)
        return x + self.feed_forward(x)


def gradient_norms(layers, x, probe):
    y = x.detach()
    for layer in layers:
        y = layer(y)
    norms = []
    for layer in layers:
        weights = [p for p in layer.parameters() if p.requires_grad]
        found = torch.autograd.grad((y * probe).sum(), weights, retain_graph=True)
        norms.append(torch.cat([gradient.flatten() for gradient in found]).norm().item())
    return norms


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    kinds = {"plain": PlainBlock, "residual": ResidualBlock, "post_norm": PostNormBlock, "pre_norm": PreNormBlock}
    if kind not in kinds:
        raise ValueError(f"unknown kind {kind}")
    layers = [kinds[kind](d_model, n_heads, d_ff) for _ in range(depth)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Linear):
                xavier_uniform_(module.weight, generator)
                nn.init.zeros_(module.bias)
    return layers


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    x, probe = (torch.randn(2, 16, d_model, generator=generator) for _ in range(2))
    kinds = ("plain", "residual", "post_norm", "pre_norm")
    return {
        kind: gradient_norms(make_stack(kind, depth, d_model, n_heads, d_ff, generator), x, probe) for kind in kinds
    }
