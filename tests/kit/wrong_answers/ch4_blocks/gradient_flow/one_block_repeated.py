"""`make_stack` makes one block and repeats it `depth` times in the list, so all layers have the same weights."""

from pathlib import Path

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch3_attention.self_attention import xavier_uniform_
from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.feed_forward import FeedForward

KINDS = ("plain", "residual", "post_norm", "pre_norm")


class PlainBlock(nn.Module):
    """Attention, then the feed-forward network, with nothing around them. Same parts as in your blocks, no norms."""

    def __init__(self, d_model: int, n_heads: int, d_ff: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x):
        attended = self.attention(x)
        out = self.feed_forward(attended)
        return out


class ResidualBlock(PlainBlock):
    def forward(self, x):
        attended = self.attention(x)
        x = x + attended
        out = self.feed_forward(x)
        return x + out


def gradient_norms(layers, x, probe):
    inputs = []
    current = x.detach().clone().requires_grad_()
    for layer in layers:
        inputs.append(current)
        current = layer(current)
    scalar = torch.sum(current * probe)
    gradients = torch.autograd.grad(scalar, inputs)
    norms = []
    for gradient in gradients:
        norms.append(torch.sqrt(torch.sum(gradient**2)).item())
    return norms


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    if kind == "plain":
        block = PlainBlock(d_model, n_heads, d_ff)
    elif kind == "residual":
        block = ResidualBlock(d_model, n_heads, d_ff)
    elif kind == "post_norm":
        block = PostNormBlock(d_model, n_heads, d_ff)
    elif kind == "pre_norm":
        block = PreNormBlock(d_model, n_heads, d_ff)
    else:
        raise ValueError(f"{kind} is not a kind of stack")

    for module in block.modules():
        if isinstance(module, nn.Linear):
            xavier_uniform_(module.weight, generator)
            nn.init.constant_(module.bias, 0.0)

    return [block] * depth


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    x = torch.randn(2, 16, d_model, generator=generator)
    probe = torch.randn(2, 16, d_model, generator=generator)
    results = {}
    for kind in KINDS:
        stack = make_stack(kind, depth, d_model, n_heads, d_ff, generator)
        results[kind] = gradient_norms(stack, x, probe)
    return results


def plot_gradient_flow(norms: dict[str, list[float]], path: str | Path) -> None:
    """Draw the result of `gradient_flow_experiment` as a PNG at `path`: a line per kind, gradient norm over depth."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for kind, values in norms.items():
        axes.semilogy(range(1, len(values) + 1), values, marker="o", markersize=3, label=kind)
    axes.set_xlabel("layer (1 is the first)")
    axes.set_ylabel("gradient norm at the layer's input")
    axes.set_title("The gradient on its way back from the last layer to the first")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="png", dpi=120)
