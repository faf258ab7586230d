"""The start values seed torch's global generator and leave it so, and `dimension_experiment` returns losses on the
training ids."""

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    for param in module.parameters():
        param.requires_grad = False
    return module


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    if permutation.sort().values.tolist() != list(range(len(permutation))):
        raise ValueError("`permutation` is not a permutation")
    unknown = set(data.tolist()) - set(range(len(permutation)))
    if unknown:
        raise IndexError(f"id {min(unknown)} has no new number")
    return permutation[data]


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    size = len(data)
    return data[: size - size // 10], data[size - size // 10 :]


class Experiment:
    def __init__(self, text: str, steps: int, seed: int):
        tokenizer = CharTokenizer(text)
        self.vocab_size = tokenizer.vocab_size
        self.data = torch.tensor(tokenizer.encode(text), dtype=torch.int64)
        self.steps = steps
        self.seed = seed
        if len(self.data) // 10 <= CONTEXT:
            raise ValueError(f"{len(self.data)} characters are too few")

    def new_model(self, dim: int = DIM) -> ToyLM:
        torch.manual_seed(self.seed)
        return ToyLM(self.vocab_size, dim)

    def train(self, model: ToyLM, data: Tensor) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        train_toy_lm(model, data, CONTEXT, self.steps, BATCH_SIZE, LR, generator)


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ex = Experiment(text, steps, seed)
    train_ids, val_ids = split(ex.data)
    healthy, broken = ex.new_model(), ex.new_model()
    freeze(broken.embed)
    ex.train(healthy, train_ids)
    ex.train(broken, train_ids)
    return {"trainable": mean_loss(healthy, val_ids, CONTEXT), "frozen": mean_loss(broken, val_ids, CONTEXT)}


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ex = Experiment(text, steps, seed)
    permutation = torch.randperm(ex.vocab_size, generator=torch.Generator().manual_seed(seed))
    out = {}
    for key, data in (("original", ex.data), ("permuted", permute_ids(ex.data, permutation))):
        train_ids, val_ids = split(data)
        model = ex.new_model()
        ex.train(model, train_ids)
        out[key] = mean_loss(model, val_ids, CONTEXT)
    return out


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ex = Experiment(text, steps, seed)
    train_ids, _ = split(ex.data)
    out = {}
    for dim in (16, 2):
        model = ex.new_model(dim)
        ex.train(model, train_ids)
        out[f"dim_{dim}"] = mean_loss(model, train_ids, CONTEXT)
    return out


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    ex = Experiment(text, steps, seed)
    train_ids, val_ids = split(ex.data)
    model = ex.new_model()
    ex.train(model, train_ids)
    backwards = torch.arange(ex.vocab_size).flip(0)
    return {
        "matched": mean_loss(model, val_ids, CONTEXT),
        "mismatched": mean_loss(model, permute_ids(val_ids, backwards), CONTEXT),
    }
