"""# What training costs

**Why does training cost a multiple of inference?** Whoever plans with the forward pass alone is wrong by a factor of
three in operations. In memory, GPT-1's 116.5 million numbers take 0.47 GB in float32 when it is used, but 1.86 GB with
their gradients and AdamW's two moments, before any activation is kept.

Nearly all the work of a Transformer is matrix products. A product of an `(m, k)` and a `(k, n)` matrix makes
`m·n` sums of `k` products, `m·k·n` multiply-adds. By custom each counts as **2 operations**, a multiplication
and an addition. Softmax, norms, activations, the look-up of embeddings and additions are not counted: they
are small beside the products.

| product, for `batch` texts of `seq` tokens | shapes | in each layer |
|---|---|---|
| queries, keys, values, output projection | `(batch·seq, d_model)` by `(d_model, d_model)` | 4 |
| queries by keys, over all heads together | `(seq, d_model)` by `(d_model, seq)`, for each text | 1 |
| weights by values, likewise | `(seq, seq)` by `(seq, d_model)`, for each text | 1 |
| feed-forward, up and down | `(batch·seq, d_model)` by `(d_model, d_ff)` and back | 1 each |
| head, once at the end | `(batch·seq, d_model)` by `(d_model, vocab_size)` | |

The heads share the width among them, so their number changes nothing. A causal mask throws half of the scores
away after they were computed, and so saves nothing. The two products by `seq²` are a small share for short
texts and the main cost of long ones.

Going backward, each product `y = x @ w` needs two more of the same size, for the gradient of `x` and the gradient of
`w`. So a training step costs three times a forward pass. And it costs memory: the backward pass needs what the forward
pass computed, so the *activations* of all layers are kept until then. Inference forgets each layer's as soon as the
next has read them. AdamW keeps two more numbers for every parameter.

By hand: `d_model = 2`, `d_ff = 8`, 1 layer, `vocab_size = 3`, one text of 4 tokens: projections `4·2·4·2·2 = 128`,
attention `2·2·4·4·2 = 128`, feed-forward `2·2·4·2·8 = 256`, head `2·4·2·3 = 48`, together 560.

`config` is the `GPTConfig` of your GPT.

Source: Kaplan et al., *Scaling Laws for Neural Language Models* (2020), table 1 (the head is its row "de-embed", which
its total leaves out, and for the attention it has 2·n_ctx·d per token, one of the two products by `seq²`); Korthikanti
et al., *Reducing Activation Recomputation in Large Transformer Models* (2022), section 4.1, equation 1.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    """Operations of all matrix products in one forward pass of a GPT, 2 for each multiply-add, the head included.

    That is what is counted when your own GPT runs, whatever its sizes; nothing but the products counts. The number
    of heads changes nothing, and a causal mask saves nothing. All sizes are Python's `int`, and so is the result, exact
    however large it is.

    >>> config = GPTConfig(vocab_size=3, max_len=4, d_model=2, n_layers=1, n_heads=1, d_ff=8)
    >>> forward_flops(config, batch=1, seq=4)
    560
    """
    # TODO: add the rows of the brief's table: four of each layer, times the layers, and one for the head.
    raise NotImplementedError


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    """Operations of all matrix products in one training step: the forward pass, and twice as much to go back."""
    # TODO: three forward passes' worth.
    raise NotImplementedError


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    """The published estimate of the memory for activations, in bytes, all layers together.

    For each layer it is `s·b·h·(34 + 5·a·s/h)`, where `s` is the sequence length, `b` the batch, `h` the
    width `d_model` and `a` the number of heads. It supposes values of 16 bits, `d_ff = 4·h`, and dropout with
    its masks. The embeddings and the head are left out.

    Your own GPT is not built quite like that: in float32 it keeps between one and five times as much. Set
    `saved_bytes(model, ids)` beside it, which counts what autograd really keeps in a forward pass. Float32 takes
    twice as much; no dropout, no masks for it.

    >>> config = GPTConfig(vocab_size=3, max_len=4, d_model=2, n_layers=1, n_heads=1, d_ff=8)
    >>> activation_bytes(config, batch=1, seq=4)
    352
    """
    # TODO: the formula, times the number of layers; multiplied out it needs no division.
    raise NotImplementedError


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    """What AdamW remembers besides the parameters and their gradients, in bytes of `bytes_per_value` for each number.

    >>> optimizer_bytes(10)
    80
    """
    # TODO: how many numbers does AdamW keep for each parameter?
    raise NotImplementedError


def attention_share(config: GPTConfig, seq: int) -> float:
    """The share of the two `seq²` products of all layers in the operations of a forward pass, from 0 to 1.

    It grows with the context: from a few per cent to nearly 1.

    >>> config = GPTConfig(vocab_size=3, max_len=4, d_model=2, n_layers=1, n_heads=1, d_ff=8)
    >>> round(attention_share(config, seq=4), 4)
    0.2286
    """
    # TODO: the two products of all layers, over the whole of forward_flops; the batch makes no difference.
    raise NotImplementedError


def saved_bytes(model: nn.Module, ids: Int[Tensor, "batch seq"]) -> int:
    """Bytes that autograd keeps in a forward pass for the backward pass, the model's own parameters not counted."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = model(ids)  # held until all is counted, so that no storage is used twice
    del logits
    return sum(kept.values())


def compare_activations(config: GPTConfig, batch: int, seq: int) -> dict[str, float]:
    """The published estimate beside what your own GPT keeps, both in bytes, and the ratio of the two."""
    ids = torch.zeros(batch, seq, dtype=torch.int64)
    counted, published = saved_bytes(GPT(config), ids), activation_bytes(config, batch, seq)
    return {"counted": counted, "published": published, "ratio": counted / published}


def plot_attention_share(config: GPTConfig, lengths: Sequence[int], path: str | Path) -> None:
    """Draw the share of attention in the operations as the context grows, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(lengths, [100 * attention_share(config, seq) for seq in lengths], marker="o")
    axes.set(xscale="log", ylim=(0, 100), xlabel="context length", ylabel="share of the seq² products, %")
    axes.set_title(f"d_model {config.d_model}, {config.n_layers} layers")
    figure.savefig(path, format="png")
