"""`make_stack` seeds torch with `generator.initial_seed()` instead of drawing from the generator, so a second stack
from the same generator has the same start values as the first."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch3_attention.multi_head import MultiHeadAttention
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
        after_attention = self.attention(x) + x
        return self.feed_forward(after_attention) + after_attention


def gradient_norms(layers: Sequence[nn.Module], x: Tensor, probe: Tensor) -> list[float]:
    states = [x.detach().clone().requires_grad_(True)]
    for layer in layers:
        states.append(layer(states[-1]))
    output = states.pop()
    grads = torch.autograd.grad(outputs=output, inputs=states, grad_outputs=probe)
    return [g.pow(2).sum().sqrt().item() for g in grads]


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def make_stack(
    kind: str, depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> Sequence[nn.Module]:
    classes = dict(zip(KINDS, (PlainBlock, ResidualBlock, PostNormBlock, PreNormBlock), strict=True))
    if kind not in classes:
        raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")
    torch.manual_seed(generator.initial_seed())
    stack = nn.ModuleList([classes[kind](d_model, n_heads, d_ff) for _ in range(depth)])
    stack.apply(_init_weights)
    return stack


def gradient_flow_experiment(
    depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> dict[str, list[float]]:
    shape = (2, 16, d_model)
    x = torch.randn(shape, generator=generator)
    probe = torch.randn(shape, generator=generator)
    return {k: gradient_norms(make_stack(k, depth, d_model, n_heads, d_ff, generator), x, probe) for k in KINDS}


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
