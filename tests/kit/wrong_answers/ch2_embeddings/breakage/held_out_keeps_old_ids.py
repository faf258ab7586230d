"""`permute_experiment` gives new numbers to the training ids alone; the held-out ids keep their old ones."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


@dataclass
class Corpus:
    train: Tensor
    held_out: Tensor
    vocab_size: int


def freeze(module: nn.Module) -> nn.Module:
    return module.requires_grad_(False)


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    vocab = permutation.numel()
    counts = [0] * vocab
    for p in permutation.tolist():
        if not 0 <= p < vocab:
            raise ValueError(f"{p} is not a number from 0 to {vocab - 1}")
        counts[p] += 1
    if any(c != 1 for c in counts):
        raise ValueError("some number comes twice")
    if data.numel():
        for i in (int(data.min()), int(data.max())):
            if i < 0 or i >= vocab:
                raise IndexError(f"id {i} is not one of {vocab} ids")
    return permutation[data]


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    boundary = data.numel() - data.numel() // 10
    return data[:boundary], data[boundary:]


def read_corpus(text: str) -> Corpus:
    tokenizer = CharTokenizer(text)
    train, held_out = split(torch.tensor(tokenizer.encode(text), dtype=torch.int64))
    if held_out.numel() <= CONTEXT:
        raise ValueError(f"only {held_out.numel()} ids are held out, {CONTEXT + 1} are needed")
    return Corpus(train, held_out, tokenizer.vocab_size)


def init_model(vocab_size: int, dim: int, seed: int) -> ToyLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ToyLM(vocab_size, dim)


def train_model(model: ToyLM, data: Tensor, steps: int, seed: int) -> ToyLM:
    rng = torch.Generator().manual_seed(seed)
    train_toy_lm(model, data, CONTEXT, steps, BATCH_SIZE, LR, rng)
    return model


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    corpus = read_corpus(text)
    a = init_model(corpus.vocab_size, DIM, seed)
    b = init_model(corpus.vocab_size, DIM, seed)
    freeze(b.embed)
    losses = [mean_loss(train_model(m, corpus.train, steps, seed), corpus.held_out, CONTEXT) for m in (a, b)]
    return dict(zip(("trainable", "frozen"), losses))


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    corpus = read_corpus(text)
    permutation = torch.randperm(corpus.vocab_size, generator=torch.Generator().manual_seed(seed))
    a = train_model(init_model(corpus.vocab_size, DIM, seed), corpus.train, steps, seed)
    new_train = permute_ids(corpus.train, permutation)
    b = train_model(init_model(corpus.vocab_size, DIM, seed), new_train, steps, seed)
    return {
        "original": mean_loss(a, corpus.held_out, CONTEXT),
        "permuted": mean_loss(b, corpus.held_out, CONTEXT),
    }


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    corpus = read_corpus(text)
    losses = {}
    for name, dim in {"dim_16": 16, "dim_2": 2}.items():
        model = train_model(init_model(corpus.vocab_size, dim, seed), corpus.train, steps, seed)
        losses[name] = mean_loss(model, corpus.held_out, CONTEXT)
    return losses


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    corpus = read_corpus(text)
    model = train_model(init_model(corpus.vocab_size, DIM, seed), corpus.train, steps, seed)
    other = torch.tensor(list(range(corpus.vocab_size))[::-1])
    return {
        "matched": mean_loss(model, corpus.held_out, CONTEXT),
        "mismatched": mean_loss(model, permute_ids(corpus.held_out, other), CONTEXT),
    }
