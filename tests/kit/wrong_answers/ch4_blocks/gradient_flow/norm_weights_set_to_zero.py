"""`make_stack` sets each parameter of one axis to zero, so the norms' weights are zero too, which should stay one."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
from ch3_attention.self_attention import xavier_uniform_
from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.feed_forward import FeedForward

KINDS = ("plain", "residual", "post_norm", "pre_norm")
BLOCKS = {"post_norm": PostNormBlock, "pre_norm": PreNormBlock}


class PlainBlock(nn.Module):
    """Attention, then the feed-forward network, with nothing around them. Same parts as in your blocks, no norms."""

    def __init__(self, d_model: int, n_heads: int, d_ff: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)
        self.feed_forward = FeedForward(d_model, d_ff)

    def forward(self, x: Tensor) -> Tensor:
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    def forward(self, x: Tensor) -> Tensor:
        for sublayer in (self.attention, self.feed_forward):
            x = x + sublayer(x)
        return x


BLOCKS |= {"plain": PlainBlock, "residual": ResidualBlock}


def gradient_norms(layers: Sequence[nn.Module], x: Tensor, probe: Tensor) -> list[float]:
    taps = []
    h = x.detach().clone().requires_grad_()
    for f in layers:
        taps.append(h)
        h = f(h)
    return [g.flatten().norm().item() for g in torch.autograd.grad(h, taps, grad_outputs=probe)]


def make_stack(
    kind: str, depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> Sequence[nn.Module]:
    if kind not in BLOCKS:
        raise ValueError(f"{kind!r}: expected one of {sorted(BLOCKS)}")
    stack = nn.ModuleList(BLOCKS[kind](d_model, n_heads, d_ff) for _ in range(depth))
    for p in stack.parameters():
        if p.dim() > 1:
            xavier_uniform_(p, generator)
        else:
            nn.init.zeros_(p)
    return stack


def gradient_flow_experiment(
    depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> dict[str, list[float]]:
    x = torch.randn(2, 16, d_model, generator=generator)
    probe = torch.randn(2, 16, d_model, generator=generator)
    stacks = ((kind, make_stack(kind, depth, d_model, n_heads, d_ff, generator)) for kind in KINDS)
    return {kind: gradient_norms(stack, x, probe) for kind, stack in stacks}


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
