"""`forward_flops` counts the head once in every layer instead of once at the end."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def matmul_flops(m: int, k: int, n: int) -> int:
    """(m, k) @ (k, n)"""
    return 2 * m * k * n


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    tokens = batch * seq
    d = config.d_model

    total = 0
    for _ in range(config.n_layers):
        # q, k, v and output projection
        for _ in range(4):
            total += matmul_flops(tokens, d, d)
        # scores and weighted values, text by text
        total += batch * matmul_flops(seq, d, seq)
        total += batch * matmul_flops(seq, seq, d)
        # feed-forward
        total += matmul_flops(tokens, d, config.d_ff)
        total += matmul_flops(tokens, config.d_ff, d)
        # logits
        total += matmul_flops(tokens, d, config.vocab_size)
    return total


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    return forward_flops(config, batch, seq) * 3


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    linear = 34 * seq * batch * config.d_model
    quadratic = 5 * config.n_heads * seq**2 * batch
    return (linear + quadratic) * config.n_layers


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    first_moment = n_parameters * bytes_per_value
    second_moment = n_parameters * bytes_per_value
    return first_moment + second_moment


def attention_share(config: GPTConfig, seq: int) -> float:
    one_layer = matmul_flops(seq, config.d_model, seq) + matmul_flops(seq, seq, config.d_model)
    return config.n_layers * one_layer / forward_flops(config, batch=1, seq=seq)


def saved_bytes(model: nn.Module, ids: Tensor) -> int:
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
