"""`freeze` skips the parameters of the module's parts, and both runs of `permute_experiment` draw their batches from
one generator."""

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    for p in module.parameters(recurse=False):
        p.requires_grad = False
    return module


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    n = permutation.size(0)
    if sorted(permutation.tolist()) != list(range(n)):
        raise ValueError(f"expected each of 0 to {n - 1} once, got {permutation.tolist()}")
    for token in torch.unique(data):
        if token < 0 or token >= n:
            raise IndexError(f"id {token.item()} is not below {n} or is negative")
    return torch.take(permutation, data)


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    n_test = len(data) // 10
    return data.narrow(0, 0, len(data) - n_test), data.narrow(0, len(data) - n_test, n_test)


def make_generator(seed: int) -> torch.Generator:
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator


def make_model(vocab_size: int, dim: int, seed: int) -> ToyLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ToyLM(vocab_size, dim)
    return model


def read(text: str) -> tuple[Tensor, int]:
    tokenizer = CharTokenizer(text)
    ids = torch.tensor(tokenizer.encode(text), dtype=torch.int64)
    if ids.numel() // 10 < CONTEXT + 1:
        raise ValueError(f"the last tenth of {ids.numel()} ids holds no window of {CONTEXT} with a target")
    return ids, tokenizer.vocab_size


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ids, vocab_size = read(text)
    train, test = split(ids)
    full = make_model(vocab_size, DIM, seed)
    head_only = make_model(vocab_size, DIM, seed)
    freeze(head_only.embed)
    for model in (full, head_only):
        train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, make_generator(seed))
    return {"trainable": mean_loss(full, test, CONTEXT), "frozen": mean_loss(head_only, test, CONTEXT)}


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ids, vocab_size = read(text)
    permutation = torch.randperm(vocab_size, generator=make_generator(seed))
    generator = make_generator(seed)
    result = {}
    for name, data in (("original", ids), ("permuted", permute_ids(ids, permutation))):
        train, test = split(data)
        model = make_model(vocab_size, DIM, seed)
        train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, generator)
        result[name] = mean_loss(model, test, CONTEXT)
    return result


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ids, vocab_size = read(text)
    train, test = split(ids)
    result = {}
    for dim in (DIM, 2):
        model = make_model(vocab_size, dim, seed)
        train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, make_generator(seed))
        result[f"dim_{dim}"] = mean_loss(model, test, CONTEXT)
    return result


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ids, vocab_size = read(text)
    train, test = split(ids)
    model = make_model(vocab_size, DIM, seed)
    train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, make_generator(seed))
    swapped = permute_ids(test, torch.arange(vocab_size - 1, -1, -1))
    return {"matched": mean_loss(model, test, CONTEXT), "mismatched": mean_loss(model, swapped, CONTEXT)}
