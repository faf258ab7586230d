"""One backward pass for each layer over a chain cut at its input, torch's own Xavier with the generator, sums in Python."""

import math

import torch
import torch.nn as nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks import blocks
from ch4_blocks.feed_forward import FeedForward


class PlainBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x):
        mixed = self.attention(x)
        return self.feed_forward(mixed)


class ResidualBlock(PlainBlock):
    def forward(self, x):
        for sub_layer in (self.attention, self.feed_forward):
            x = torch.add(sub_layer(x), x)
        return x


def gradient_norms(layers, x, probe):
    norms, start = [], x.detach()
    for i in range(len(layers)):
        entry = start.clone().requires_grad_(True)
        y = entry
        for layer in layers[i:]:
            y = layer(y)
        (gradient,) = torch.autograd.grad(torch.sum(y * probe), entry)
        norms.append(math.sqrt(sum(float(number) ** 2 for number in gradient.flatten())))
        start = layers[i](start).detach()
    return norms


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    if kind == "plain":
        make = PlainBlock
    elif kind == "residual":
        make = ResidualBlock
    elif kind == "post_norm":
        make = blocks.PostNormBlock
    elif kind == "pre_norm":
        make = blocks.PreNormBlock
    else:
        raise ValueError("unknown kind: " + str(kind))
    stack = []
    for _ in range(depth):
        block = make(d_model, n_heads, d_ff)
        for name, parameter in block.named_parameters():
            if parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter, generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        stack.append(block)
    return stack


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    found = {}
    x = torch.empty(2, 16, d_model).normal_(generator=generator)
    probe = torch.empty(2, 16, d_model).normal_(generator=generator)
    for kind in ("plain", "residual", "post_norm", "pre_norm"):
        found[kind] = gradient_norms(make_stack(kind, depth, d_model, n_heads, d_ff, generator), x, probe)
    return found
