"""`ResidualBlock` adds x only once, around attention and feed-forward network together, and `gradient_norms` returns
the mean of the positions' norms instead of one norm over all numbers."""

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
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


def gradient_norms(layers: Sequence[nn.Module], x: Tensor, probe: Tensor) -> list[float]:
    x = x.detach().clone().requires_grad_()
    layer_inputs = []
    for layer in layers:
        layer_inputs.append(x)
        x = layer(x)
    gradients = torch.autograd.grad((x * probe).sum(), layer_inputs)
    return [gradient.norm(dim=-1).mean().item() for gradient in gradients]


def make_stack(
    kind: str, depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> Sequence[nn.Module]:
    match kind:
        case "plain":
            cls = PlainBlock
        case "residual":
            cls = ResidualBlock
        case "post_norm":
            cls = PostNormBlock
        case "pre_norm":
            cls = PreNormBlock
        case _:
            raise ValueError(f"no such kind of stack: {kind!r}")
    stack = nn.ModuleList([cls(d_model, n_heads, d_ff) for _ in range(depth)])
    with torch.no_grad():
        for linear in filter(lambda m: isinstance(m, nn.Linear), stack.modules()):
            xavier_uniform_(linear.weight, generator)
            linear.bias.fill_(0)
    return stack


def gradient_flow_experiment(
    depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> dict[str, list[float]]:
    x = torch.randn(2, 16, d_model, generator=generator)
    probe = torch.randn(2, 16, d_model, generator=generator)
    norms = {}
    for kind in KINDS:
        stack = make_stack(kind, depth, d_model, n_heads, d_ff, generator)
        norms[kind] = gradient_norms(stack, x, probe)
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
