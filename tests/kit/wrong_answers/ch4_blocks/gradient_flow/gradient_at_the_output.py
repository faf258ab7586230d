"""`gradient_norms` keeps each layer's output in the list, so the norms are those at the outputs, not at the inputs."""

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
        x = self.attention(x)
        x = self.feed_forward(x)
        return x


class ResidualBlock(PlainBlock):
    """The same parts, each added to its own input. No norms."""

    def forward(self, x):
        x = x + self.attention(x)
        x = x + self.feed_forward(x)
        return x


def gradient_norms(layers, x, probe):
    h = x.detach().clone()
    h.requires_grad = True
    activations = []
    for layer in layers:
        h = layer(h)
        activations.append(h)
    loss = (probe * h).sum()
    grads = torch.autograd.grad(loss, activations)
    return [float(g.norm()) for g in grads]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    if kind == "plain":
        block = PlainBlock
    elif kind == "residual":
        block = ResidualBlock
    elif kind == "post_norm":
        block = PostNormBlock
    elif kind == "pre_norm":
        block = PreNormBlock
    else:
        raise ValueError("there is no kind " + repr(kind))

    layers = nn.ModuleList()
    for _ in range(depth):
        layers.append(block(d_model, n_heads, d_ff))
    for m in layers.modules():
        if isinstance(m, nn.Linear):
            xavier_uniform_(m.weight, generator)
            m.bias.data.zero_()
    return layers


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    x = torch.randn((2, 16, d_model), generator=generator)
    probe = torch.randn((2, 16, d_model), generator=generator)
    norms = {}
    for kind in KINDS:
        layers = make_stack(kind, depth, d_model, n_heads, d_ff, generator)
        norms[kind] = gradient_norms(layers, x, probe)
    return norms


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
