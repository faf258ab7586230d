"""# How the Transformer keeps gradients from vanishing

**Why can a Transformer be deep?** If each layer shrinks the gradient by a third, twelve layers leave less than a
hundredth of it, and the first layers learn next to nothing.

The gradient of the loss reaches the first layer through all the others, and each one multiplies it by its own
derivative. A gradient that has become next to nothing on the way has *vanished*.

You measure it here. Four stacks of the same sub-layers, your own attention and feed-forward network, before any
training:

    plain:      x = attention(x)               x = feed_forward(x)
    residual:   x = x + attention(x)           x = x + feed_forward(x)
    post_norm:  x = norm1(x + attention(x))    x = norm2(x + feed_forward(x))
    pre_norm:   x = x + attention(norm1(x))    x = x + feed_forward(norm2(x))

For each layer take the length (L2 norm) of the gradient at the layer's **input**. What to look for in the
picture of `plot_gradient_flow`, from the last layer down to the first (the figures are about those of its own call, 24
layers, with the start values that `make_stack` recommends; with others you see others):

- `plain` falls on a straight line of a logarithmic axis: each layer leaves about 0.4 of the gradient, and all of them
  together less than a billionth.
- `residual` does not vanish. The derivative of `x + f(x)` is `1 + f'(x)`, and the 1 carries the gradient past
  every layer. But nothing holds the size of x, which grows from layer to layer, and the gradient explodes: it
  doubles at each layer.
- `post_norm` stays in one order of size, between 10 and 60. But the 1 passes through two norms at each layer, and each
  divides the gradient by the size of the sum. Only well-chosen start values make good for that loss.
- `pre_norm` keeps the road of the 1 free of norms, while the norms in front of the sub-layers hold what is added at
  one size. The curve rises slowly, from 44 to 270, and most of that in the first layers, whose x is still small
  beside what is added to it; deeper in the stack it is almost level. So deep pre-norm stacks can be trained without
  the long warm-up that post-norm stacks need.

| name | shape |
|---|---|
| `x`, `probe`, each layer's input and output | `(batch, seq, d_model)` |
| the norms | one float per layer, the first layer's first |

By hand: two layers that each multiply by 3, and a probe of length 1. The gradient at the second layer's input
is 3 times the probe, at the first layer's 9 times: the norms are `[9.0, 3.0]`.

Sources: He et al., *Identity Mappings in Deep Residual Networks*, ECCV 2016, section 2, equation 5; Xiong et
al., *On Layer Normalization in the Transformer Architecture*, ICML 2020, section 3 and figure 3.
"""

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
        # TODO: one after the other; nothing is added and nothing normalized.
        return self.feed_forward(self.attention(x))


class ResidualBlock(PlainBlock):
    """The same parts, each added to its own input. No norms."""

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]:
        """x plus its attention, then that plus its feed-forward network."""
        # TODO: add the attention of x to x, then the feed-forward network of the sum to the sum.
        x = x + self.attention(x)
        return x + self.feed_forward(x)


def gradient_norms(
    layers: Sequence[nn.Module], x: Float[Tensor, "*shape"], probe: Float[Tensor, "*shape"]
) -> list[float]:
    """For each layer, the L2 norm of the gradient of `(output * probe).sum()` with respect to that layer's input.

    `layers` is a list of modules or an `nn.ModuleList`; a module may stand in it twice. Each one's output is the next
    one's input, `x` is the first one's. The probe stands for the gradient that a loss would send into the last
    layer's output. The norms are over all numbers of an input together, in the order of the layers.

    A call knows nothing of earlier calls. `x` may be a view and may ask for gradients, and layers may be frozen. `x`
    stays as it is, and so do the layers' weights, whether they are frozen or not, and the train or eval mode of each
    of their parts.

    >>> triple = nn.Linear(1, 1, bias=False)
    >>> _ = triple.load_state_dict({"weight": torch.tensor([[3.0]])})
    >>> gradient_norms([triple, triple], torch.tensor([[5.0]]), probe=torch.tensor([[1.0]]))
    [9.0, 3.0]
    """
    # TODO: start from a copy of x that asks for gradients (`x.detach().clone().requires_grad_()`).
    # TODO: send it through the layers and keep each layer's input in a list.
    # TODO: torch.autograd.grad gives the gradients of one number with respect to the whole list.
    # TODO: the norm of each as a float.
    inputs = []
    flowing = x.detach().clone().requires_grad_()
    for layer in layers:
        inputs.append(flowing)
        flowing = layer(flowing)
    gradients = torch.autograd.grad((flowing * probe).sum(), inputs)
    return [gradient.norm().item() for gradient in gradients]


def make_stack(
    kind: str, depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> Sequence[nn.Module]:
    """`depth` layers of one kind, each with weights of its own, as a list (an `nn.ModuleList` will do as well).

    The kinds are `plain` and `residual` (the blocks above), `post_norm` (your PostNormBlock) and `pre_norm` (your
    PreNormBlock), without dropout; any other raises a ValueError that names it. The generator alone decides the start
    values: in the same state it gives the same stack, whatever was drawn elsewhere in between, and after one stack
    another one. Norms keep their ones. `xavier_uniform_` for the matrices and zeros for the biases suit all kinds.

    >>> len(make_stack("plain", depth=3, d_model=8, n_heads=2, d_ff=16, generator=torch.Generator()))
    3
    """
    # TODO: choose the block's class by the kind; reject an unknown kind.
    # TODO: make a new block for each layer.
    # TODO: nn.Linear has drawn start values from torch's global generator: draw every matrix again, from
    #       `generator`, and set the biases to zero.
    blocks = {
        "plain": PlainBlock,
        "residual": ResidualBlock,
        "post_norm": PostNormBlock,
        "pre_norm": PreNormBlock,
    }
    if kind not in blocks:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    layers = [blocks[kind](d_model, n_heads, d_ff) for _ in range(depth)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Linear):
                xavier_uniform_(module.weight, generator)
                nn.init.zeros_(module.bias)
    return layers


def gradient_flow_experiment(
    depth: int, d_model: int, n_heads: int, d_ff: int, generator: torch.Generator
) -> dict[str, list[float]]:
    """The gradient norms of a stack of each kind: by kind, as named in `KINDS`, one list of `depth` norms.

    All kinds get the same `x` and the same `probe`, both from N(0, 1). A shape of `(2, 16, d_model)` is enough.
    Everything random comes from the generator.
    """
    # TODO: draw x and the probe, from the generator.
    # TODO: for each kind, make a stack and measure it.
    x = torch.randn(2, 16, d_model, generator=generator)
    probe = torch.randn(2, 16, d_model, generator=generator)
    return {
        kind: gradient_norms(make_stack(kind, depth, d_model, n_heads, d_ff, generator), x, probe) for kind in KINDS
    }


def plot_gradient_flow(norms: dict[str, list[float]], path: str | Path) -> None:
    """Draw the result of `gradient_flow_experiment` as a PNG at `path`: a line per kind, gradient norm over depth.

    Try it with `gradient_flow_experiment(24, 64, 4, 256, torch.Generator().manual_seed(0))`.
    """
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
