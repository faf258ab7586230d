"""`freeze_experiment` freezes the embedding only after training, so the second run learns like the first."""

import torch
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    for weight in module.parameters():
        weight.requires_grad = False
    return module


def permute_ids(data: Tensor, permutation: Tensor) -> Tensor:
    size = len(permutation)
    seen = set(permutation.tolist())
    if seen != set(range(size)):
        raise ValueError(f"the numbers 0 to {size - 1} are not each there once")
    mapping = dict(enumerate(permutation.tolist()))
    new = []
    for i in data.tolist():
        if i not in mapping:
            raise IndexError(f"no new number for id {i}")
        new.append(mapping[i])
    return torch.tensor(new, dtype=torch.int64)


def split(data: Tensor) -> tuple[Tensor, Tensor]:
    held_out = len(data) // 10
    parts = torch.split(data, [len(data) - held_out, held_out])
    return parts[0], parts[1]


def encode(text: str) -> tuple[Tensor, int]:
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.int64), tokenizer.vocab_size


def seeded_model(vocab_size: int, dim: int, seed: int) -> ToyLM:
    before = torch.random.get_rng_state()
    try:
        torch.manual_seed(seed)
        return ToyLM(vocab_size, dim)
    finally:
        torch.random.set_rng_state(before)


def train(model: ToyLM, data: Tensor, steps: int, seed: int) -> None:
    train_toy_lm(
        model,
        data,
        context=CONTEXT,
        steps=steps,
        batch_size=BATCH_SIZE,
        lr=LR,
        generator=torch.Generator().manual_seed(seed),
    )


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = encode(text)
    train_data, held_out = split(data)

    model = seeded_model(vocab_size, DIM, seed)
    train(model, train_data, steps, seed)
    trainable = mean_loss(model, held_out, CONTEXT)

    model = seeded_model(vocab_size, DIM, seed)
    train(model, train_data, steps, seed)
    freeze(model.embed)
    frozen = mean_loss(model, held_out, CONTEXT)

    return {"trainable": trainable, "frozen": frozen}


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = encode(text)
    permutation = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))

    train_data, held_out = split(data)
    model = seeded_model(vocab_size, DIM, seed)
    train(model, train_data, steps, seed)
    original = mean_loss(model, held_out, CONTEXT)

    model = seeded_model(vocab_size, DIM, seed)
    train(model, permute_ids(train_data, permutation), steps, seed)
    permuted = mean_loss(model, permute_ids(held_out, permutation), CONTEXT)

    return {"original": original, "permuted": permuted}


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = encode(text)
    train_data, held_out = split(data)

    large = seeded_model(vocab_size, DIM, seed)
    train(large, train_data, steps, seed)
    small = seeded_model(vocab_size, 2, seed)
    train(small, train_data, steps, seed)

    return {"dim_16": mean_loss(large, held_out, CONTEXT), "dim_2": mean_loss(small, held_out, CONTEXT)}


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    data, vocab_size = encode(text)
    train_data, held_out = split(data)

    model = seeded_model(vocab_size, DIM, seed)
    train(model, train_data, steps, seed)
    other_ids = (vocab_size - 1) - held_out

    return {"matched": mean_loss(model, held_out, CONTEXT), "mismatched": mean_loss(model, other_ids, CONTEXT)}
