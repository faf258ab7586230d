"""`forward_flops` lets every query meet `max_len` keys instead of `seq` and `optimizer_bytes` always takes 4 bytes for
a number, whatever `bytes_per_value` says."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    d, ctx = config.d_model, config.max_len
    # operations for each token, as in the table of Kaplan et al.
    attn_qkv = 2 * d * 3 * d
    attn_scores = 2 * ctx * d
    attn_values = 2 * ctx * d
    attn_project = 2 * d * d
    feed_forward = 2 * 2 * d * config.d_ff
    de_embed = 2 * d * config.vocab_size
    per_token = config.n_layers * (attn_qkv + attn_scores + attn_values + attn_project + feed_forward) + de_embed
    return per_token * batch * seq


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    return 3 * forward_flops(config, batch, seq)


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    per_token = 34 * config.d_model + 5 * config.n_heads * seq
    return per_token * seq * batch * config.n_layers


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    # two float32 numbers, m and v, for each parameter
    return 8 * n_parameters


def attention_share(config: GPTConfig, seq: int) -> float:
    d = config.d_model
    attention = config.n_layers * 4 * seq * seq * d
    others = config.n_layers * seq * (8 * d * d + 4 * d * config.d_ff) + 2 * seq * d * config.vocab_size
    return attention / (attention + others)


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
