"""`forward_flops` takes the scores over all batch·seq tokens at once, so attention grows with the square of the
batch."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ch5_models.gpt import GPT, GPTConfig


def forward_flops(config: GPTConfig, batch: int, seq: int) -> int:
    n_tokens = batch * seq
    shapes = [
        (n_tokens, config.d_model, config.d_model),  # queries
        (n_tokens, config.d_model, config.d_model),  # keys
        (n_tokens, config.d_model, config.d_model),  # values
        (n_tokens, config.d_model, n_tokens),  # queries by keys
        (n_tokens, n_tokens, config.d_model),  # weights by values
        (n_tokens, config.d_model, config.d_model),  # output
        (n_tokens, config.d_model, config.d_ff),  # up
        (n_tokens, config.d_ff, config.d_model),  # down
    ]
    layer = sum(2 * m * k * n for m, k, n in shapes)
    head = 2 * n_tokens * config.d_model * config.vocab_size
    return config.n_layers * layer + head


def training_flops(config: GPTConfig, batch: int, seq: int) -> int:
    forward = forward_flops(config, batch, seq)
    return forward + forward + forward


def activation_bytes(config: GPTConfig, batch: int, seq: int) -> int | float:
    return config.n_layers * seq * batch * (34 * config.d_model + 5 * config.n_heads * seq)


def optimizer_bytes(n_parameters: int, bytes_per_value: int = 4) -> int:
    numbers = 2 * n_parameters
    return numbers * bytes_per_value


def attention_share(config: GPTConfig, seq: int) -> float:
    both = 2 * seq * seq * config.d_model + 2 * seq * seq * config.d_model
    return config.n_layers * both / forward_flops(config, 1, seq)


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
