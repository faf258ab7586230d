"""`freeze` sets `requires_grad` on the module and not on its parameters, so they all go on learning."""

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    for part in module.modules():
        part.requires_grad = False
    return module


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    n = permutation.numel()
    if sorted(permutation.tolist()) != list(range(n)):
        raise ValueError("permutation must hold each of 0 to vocab - 1 once")
    for i in data.tolist():
        if i < 0 or i >= n:
            raise IndexError(f"id {i} has no new number")
    return permutation[data]


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    n_held_out = len(data) // 10
    n_train = len(data) - n_held_out
    return data[:n_train], data[n_train:]


def build(vocab_size: int, dim: int, seed: int) -> ToyLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ToyLM(vocab_size, dim)
    return model


def fit(model: nn.Module, train: Tensor, steps: int, seed: int) -> nn.Module:
    g = torch.Generator()
    g.manual_seed(seed)
    train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, g)
    return model


def load(text: str) -> tuple[Tensor, int]:
    tok = CharTokenizer(text)
    data = torch.tensor(tok.encode(text), dtype=torch.long)
    if len(data) // 10 <= CONTEXT:
        raise ValueError(f"a text of {len(data)} characters is too short")
    return data, tok.vocab_size


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = load(text)
    train, held_out = split(data)
    results = {}
    for name in ["trainable", "frozen"]:
        model = build(vocab_size, DIM, seed)
        if name == "frozen":
            freeze(model.embed)
        fit(model, train, steps, seed)
        results[name] = mean_loss(model, held_out, CONTEXT)
    return results


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = load(text)
    perm = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))
    results = {}
    for name, ids in [("original", data), ("permuted", permute_ids(data, perm))]:
        train, held_out = split(ids)
        model = fit(build(vocab_size, DIM, seed), train, steps, seed)
        results[name] = mean_loss(model, held_out, CONTEXT)
    return results


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = load(text)
    train, held_out = split(data)
    results = {}
    for dim in [DIM, 2]:
        model = fit(build(vocab_size, dim, seed), train, steps, seed)
        results["dim_" + str(dim)] = mean_loss(model, held_out, CONTEXT)
    return results


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = load(text)
    train, held_out = split(data)
    model = fit(build(vocab_size, DIM, seed), train, steps, seed)
    backwards = torch.arange(vocab_size - 1, -1, -1)
    return {
        "matched": mean_loss(model, held_out, CONTEXT),
        "mismatched": mean_loss(model, permute_ids(held_out, backwards), CONTEXT),
    }
