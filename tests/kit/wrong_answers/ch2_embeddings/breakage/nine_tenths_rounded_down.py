"""`split` cuts at `int(0.9 * n)`, so it may hold out one id more than `n // 10`."""

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    for _, p in module.named_parameters():
        p.requires_grad_(False)
    return module


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    if not torch.equal(torch.sort(permutation)[0], torch.arange(permutation.shape[0])):
        raise ValueError(f"got {permutation.tolist()}, which is not a permutation")
    bad = data[(data < 0) | (data >= permutation.shape[0])]
    if bad.numel():
        raise IndexError(f"id {bad[0].item()} is out of range")
    return torch.index_select(permutation, 0, data)


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    n = int(0.9 * len(data))
    return data[:n], data[n:]


def get_data(text: str) -> tuple[Tensor, int]:
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.long), tokenizer.vocab_size


def get_model(vocab_size: int, n_embd: int, seed: int) -> ToyLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ToyLM(vocab_size, n_embd)


def train_and_eval(model: ToyLM, train_data: Tensor, val_data: Tensor, steps: int, seed: int) -> float:
    if len(val_data) <= CONTEXT:
        raise ValueError(f"{len(val_data)} held-out ids hold no window of {CONTEXT}")
    train_toy_lm(model, train_data, CONTEXT, steps, BATCH_SIZE, LR, torch.Generator().manual_seed(seed))
    return mean_loss(model, val_data, CONTEXT)


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = get_data(text)
    train_data, val_data = split(data)
    model = get_model(vocab_size, DIM, seed)
    trainable = train_and_eval(model, train_data, val_data, steps, seed)
    model = get_model(vocab_size, DIM, seed)
    freeze(model.embed)
    frozen = train_and_eval(model, train_data, val_data, steps, seed)
    return {"trainable": trainable, "frozen": frozen}


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = get_data(text)
    g = torch.Generator()
    g.manual_seed(seed)
    shuffled = permute_ids(data, torch.randperm(vocab_size, generator=g))
    original = train_and_eval(get_model(vocab_size, DIM, seed), *split(data), steps, seed)
    permuted = train_and_eval(get_model(vocab_size, DIM, seed), *split(shuffled), steps, seed)
    return {"original": original, "permuted": permuted}


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = get_data(text)
    train_data, val_data = split(data)
    return {
        f"dim_{n_embd}": train_and_eval(get_model(vocab_size, n_embd, seed), train_data, val_data, steps, seed)
        for n_embd in (16, 2)
    }


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = get_data(text)
    train_data, val_data = split(data)
    model = get_model(vocab_size, DIM, seed)
    matched = train_and_eval(model, train_data, val_data, steps, seed)
    other = torch.flip(torch.arange(vocab_size), dims=(0,))
    mismatched = mean_loss(model, permute_ids(val_data, other), CONTEXT)
    return {"matched": matched, "mismatched": mismatched}
