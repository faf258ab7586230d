"""`forward_flops` counts the feed-forward network as 4·d_model wide and never reads `d_ff`."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    B, T, C = batch, seq, config.d_model
    # per layer
    qkv = 2 * B * T * C * (3 * C)
    scores = 2 * B * T * T * C
    mix = 2 * B * T * T * C
    proj = 2 * B * T * C * C
    mlp_up = 2 * B * T * C * (4 * C)
    mlp_down = 2 * B * T * (4 * C) * C
    per_layer = qkv + scores + mix + proj + mlp_up + mlp_down
    # lm head
    head = 2 * B * T * C * config.vocab_size
    return config.n_layers * per_layer + head


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    forward = forward_flops(config, batch, seq)
    backward = 2 * forward
    return forward + backward


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    s, b, h, a = seq, batch, config.d_model, config.n_heads
    return config.n_layers * (34 * s * b * h + 5 * a * s * s * b)


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    # exp_avg and exp_avg_sq
    return n_parameters * 2 * bytes_per_value


def attention_share(config: GPTConfig, seq: int) -> float:
    attention = config.n_layers * 2 * (2 * seq * seq * config.d_model)
    return attention / forward_flops(config, 1, seq)


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
