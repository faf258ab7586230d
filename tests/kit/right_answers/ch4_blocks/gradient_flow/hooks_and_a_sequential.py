"""Norms from hooks on the inputs, an nn.Sequential as the stack, attention without bias, normal start values."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.feed_forward import FeedForward


class Bare(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, keep):
        super().__init__()
        self.keep = keep
        self.parts = nn.ModuleList([MultiHeadAttention(d_model, n_heads), FeedForward(d_model, d_ff)])

    def forward(self, x):
        for part in self.parts:
            x = part(x) + self.keep * x
        return x


def gradient_norms(layers, x, probe):
    found = {}
    flowing = x.detach().clone().requires_grad_()
    for i, layer in enumerate(layers):
        flowing.register_hook(lambda gradient, i=i: found.__setitem__(i, torch.linalg.vector_norm(gradient)))
        flowing = layer(flowing)
    torch.autograd.backward(flowing, grad_tensors=probe)
    for layer in layers:
        layer.zero_grad(set_to_none=True)
    return [float(found[i]) for i in range(len(layers))]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    if kind == "post_norm":
        layers = [PostNormBlock(d_model, n_heads, d_ff) for _ in range(depth)]
    elif kind == "pre_norm":
        layers = [PreNormBlock(d_model, n_heads, d_ff) for _ in range(depth)]
    elif kind in ("plain", "residual"):
        layers = [Bare(d_model, n_heads, d_ff, float(kind == "residual")) for _ in range(depth)]
    else:
        raise ValueError(f"there is no kind {kind}")
    stack = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter in stack.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0.0, (1.0 / parameter.shape[1]) ** 0.5, generator=generator)
        for module in stack.modules():
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.zero_()
    return stack


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    result = {}
    x = torch.randn(1, 12, d_model, dtype=torch.float64, generator=generator)
    probe = torch.randn(x.shape, dtype=torch.float64, generator=generator)
    for kind in ("pre_norm", "post_norm", "residual", "plain"):
        stack = make_stack(kind, depth, d_model, n_heads, d_ff, generator).double()
        result[kind] = gradient_norms(stack, x, probe)
    return result
