"""`gradient_norms` calls `requires_grad_` and `backward` on x itself instead of on a copy, so x asks for gradients
afterwards and its gradient adds up from call to call."""

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
        x = x + self.attention(x)
        x = x + self.feed_forward(x)
        return x


def gradient_norms(layers, x, probe):
    x.requires_grad_(True)
    hiddens = []
    h = x
    for layer in layers:
        h.retain_grad()
        hiddens.append(h)
        h = layer(h)
    loss = (h * probe).sum()
    # only the hidden states get a .grad, not the weights
    loss.backward(inputs=hiddens)
    return [hidden.grad.norm(p=2).item() for hidden in hiddens]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    if kind not in KINDS:
        raise ValueError(f"kind should be in {KINDS} but is {kind}")
    Block = {"plain": PlainBlock, "residual": ResidualBlock, "post_norm": PostNormBlock, "pre_norm": PreNormBlock}[kind]
    layers = [Block(d_model, n_heads, d_ff) for i in range(depth)]
    for layer in layers:
        for name, p in layer.named_parameters():
            if p.ndim == 2:
                xavier_uniform_(p, generator)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
    return layers


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    B, T = 2, 16
    x = torch.randn(B, T, d_model, generator=generator)
    probe = torch.randn(B, T, d_model, generator=generator)
    out = {}
    for kind in KINDS:
        layers = make_stack(kind, depth, d_model, n_heads, d_ff, generator)
        out[kind] = gradient_norms(layers, x.clone(), probe)
    return out


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
