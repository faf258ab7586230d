"""Norms by `torch.func.vjp`, one layer after the other; all stacks are made before the first is measured."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

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

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """The feed-forward network of the attention of `x`."""
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    """The same parts, each added to its own input. No norms."""

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """x plus its attention, then that plus its feed-forward network."""
        x = x + self.attention(x)
        return x + self.feed_forward(x)


def gradient_norms(layers, x, probe):
    hidden, pulls = x.detach(), []
    for layer in layers:
        hidden, pull = torch.func.vjp(layer, hidden)
        pulls.append(pull)
    norms, g = [], probe.detach()
    for pull in pulls[::-1]:
        (g,) = pull(g)
        norms.append(g.flatten().norm().item())
    return norms[::-1]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    match kind:
        case "plain":
            make = PlainBlock
        case "residual":
            make = ResidualBlock
        case "post_norm":
            make = PostNormBlock
        case "pre_norm":
            make = PreNormBlock
        case _:
            raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}")
    layers = [make(d_model, n_heads, d_ff) for _ in range(depth)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Linear):
                xavier_uniform_(module.weight, generator)
                module.bias.data.zero_()
    return layers


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    x, probe = (torch.randn((2, 16, d_model), generator=generator) for _ in range(2))
    stacks = {kind: make_stack(kind, depth, d_model, n_heads, d_ff, generator) for kind in KINDS}
    return {kind: gradient_norms(stack, x, probe) for kind, stack in stacks.items()}


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
