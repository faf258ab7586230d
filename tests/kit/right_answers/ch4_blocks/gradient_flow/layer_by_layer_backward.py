"""Norms layer by layer from the last to the first, a ModuleList of subclasses, GPT-2's small normal start values."""

import torch
from torch import nn

from ch4_blocks.blocks import PostNormBlock, PreNormBlock


class Residual(PreNormBlock):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.norm1 = self.norm2 = nn.Identity()


class Plain(Residual):
    def forward(self, x, mask=None):
        return self.feed_forward(self.attention(x, mask=mask))


CLASSES = {"plain": Plain, "residual": Residual, "post_norm": PostNormBlock, "pre_norm": PreNormBlock}


def gradient_norms(layers, x, probe):
    inputs, y = [], x.detach()
    with torch.no_grad():
        for i in range(len(layers)):
            inputs.append(y)
            y = layers[i](y)
    norms, cotangent = [], probe
    for i in reversed(range(len(layers))):
        _, cotangent = torch.autograd.functional.vjp(layers[i], inputs[i], cotangent)
        norms.insert(0, cotangent.pow(2).sum().sqrt().item())
    return norms


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    try:
        block = CLASSES[kind]
    except KeyError:
        raise ValueError(f"unknown kind: {kind}") from None
    stack = nn.ModuleList()
    for _ in range(depth):
        layer = block(d_model, n_heads, d_ff)
        state = layer.state_dict()
        for name, value in state.items():
            if value.dim() == 2:
                state[name] = torch.randn(value.shape, generator=generator) * 0.2
            elif not name.startswith("norm"):
                state[name] = torch.randn(value.shape, generator=generator) * 0.02
        layer.load_state_dict(state)
        stack.append(layer)
    return stack


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    x, probe = torch.randn(2, 4, 10, d_model, generator=generator)
    stacks = [(kind, make_stack(kind, depth, d_model, n_heads, d_ff, generator)) for kind in CLASSES]
    return {kind: gradient_norms(stack, x, probe) for kind, stack in stacks}
