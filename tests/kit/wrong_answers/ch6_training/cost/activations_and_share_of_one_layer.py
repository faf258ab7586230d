"""`activation_bytes` gives the bytes of one layer, not of all together, and `attention_share` sets the products of one
layer against the operations of the whole model."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def _attention(config: GPTConfig, batch: int, seq: int) -> int:
    return batch * (2 * seq * config.d_model * seq + 2 * seq * seq * config.d_model)


def _projections(config: GPTConfig, batch: int, seq: int) -> int:
    return 4 * 2 * batch * seq * config.d_model * config.d_model


def _feed_forward(config: GPTConfig, batch: int, seq: int) -> int:
    up = 2 * batch * seq * config.d_model * config.d_ff
    down = 2 * batch * seq * config.d_ff * config.d_model
    return up + down


def _head(config: GPTConfig, batch: int, seq: int) -> int:
    return 2 * batch * seq * config.d_model * config.vocab_size


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    flops = _head(config, batch, seq)
    for _ in range(config.n_layers):
        flops += _projections(config, batch, seq)
        flops += _attention(config, batch, seq)
        flops += _feed_forward(config, batch, seq)
    return flops


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    return 3 * forward_flops(config, batch, seq)


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    s, b, h, a = seq, batch, config.d_model, config.n_heads
    return s * b * (34 * h + 5 * a * s)


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    return 2 * n_parameters * bytes_per_value


def attention_share(config: GPTConfig, seq: int) -> float:
    return _attention(config, 1, seq) / forward_flops(config, 1, seq)


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
