"""`gradient_flow_experiment` draws x and the probe anew for every kind, and `make_stack` raises a KeyError instead of a
ValueError for an unknown kind."""

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
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    def forward(self, x):
        h = x + self.attention(x)
        return h + self.feed_forward(h)


def gradient_norms(layers, x, probe):
    leaf = x.detach().clone().requires_grad_(True)
    hs = [leaf]
    for layer in layers:
        hs.append(layer(hs[-1]))
    loss = (hs[-1] * probe).sum()
    grads = torch.autograd.grad(loss, hs[:-1])
    return [grad.norm().item() for grad in grads]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    block_class = {
        "plain": PlainBlock,
        "residual": ResidualBlock,
        "post_norm": PostNormBlock,
        "pre_norm": PreNormBlock,
    }[kind]

    def init(module):
        if isinstance(module, nn.Linear):
            xavier_uniform_(module.weight, generator)
            nn.init.zeros_(module.bias)

    return [block_class(d_model, n_heads, d_ff).apply(init) for _ in range(depth)]


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    results = {}
    for kind in KINDS:
        x = torch.randn(2, 16, d_model, generator=generator)
        probe = torch.randn(2, 16, d_model, generator=generator)
        layers = make_stack(kind, depth, d_model, n_heads, d_ff, generator)
        results[kind] = gradient_norms(layers, x, probe)
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
