"""`gradient_norms` walks back from the last layer and returns the norms in that order, the last layer's first."""

from collections.abc import Sequence
from pathlib import Path

import torch
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

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.attention(x)
        return self.feed_forward(mixed)


class ResidualBlock(PlainBlock):
    def forward(self, x: Tensor) -> Tensor:
        mixed = x + self.attention(x)
        return mixed + self.feed_forward(mixed)


def gradient_norms(layers: Sequence[nn.Module], x: Tensor, probe: Tensor) -> list[float]:
    # forward: cut the graph between the layers, so that each can be differentiated alone
    tape = []
    value = x.detach()
    for layer in layers:
        entry = value.clone().requires_grad_()
        result = layer(entry)
        tape.append((entry, result))
        value = result.detach()

    # backward: the chain rule, one vector-Jacobian product per layer
    norms = []
    upstream = probe.detach()
    for entry, result in reversed(tape):
        (upstream,) = torch.autograd.grad(result, entry, grad_outputs=upstream)
        norms.append(torch.linalg.vector_norm(upstream).item())
    return norms


def make_stack(
    kind: str, depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> Sequence[nn.Module]:
    if kind not in KINDS:
        raise ValueError(f"unknown kind: {kind}")
    cls = (PlainBlock, ResidualBlock, PostNormBlock, PreNormBlock)[KINDS.index(kind)]
    stack = []
    for _ in range(depth):
        block = cls(d_model, n_heads, d_ff)
        for module in block.modules():
            if isinstance(module, nn.Linear):
                xavier_uniform_(module.weight, generator)
                nn.init.zeros_(module.bias)
        stack.append(block)
    return stack


def gradient_flow_experiment(
    depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> dict[str, list[float]]:
    x, probe = torch.randn(2, 2, 16, d_model, generator=generator)
    result = {}
    for kind in KINDS:
        result[kind] = gradient_norms(make_stack(kind, depth, d_model, n_heads, d_ff, generator), x, probe)
    return result


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
