"""`permute_ids` replaces one id after another in the same tensor, so ids that already have their new number change
again."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module):
    module.requires_grad_(False)
    return module


def permute_ids(data, permutation):
    vocab = len(permutation)
    if sorted(permutation.tolist()) != list(range(vocab)):
        raise ValueError(f"not a permutation: {permutation.tolist()}")
    for i in data.tolist():
        if not 0 <= i < vocab:
            raise IndexError(f"id {i} is not covered by the permutation")
    result = data.clone()
    for old in range(vocab):
        result[result == old] = permutation[old]
    return result


def split(data):
    n = len(data) // 10
    if n == 0:
        return data, data[:0]
    return data[:-n], data[-n:]


def _prepare(text):
    tokenizer = CharTokenizer(text)
    ids = torch.tensor(tokenizer.encode(text), dtype=torch.int64)
    if len(ids) // 10 < CONTEXT + 1:
        raise ValueError("the text is too short for a held-out window")
    return ids, tokenizer.vocab_size


def _run(train, vocab_size, dim, steps, seed, frozen=False):
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = ToyLM(vocab_size, dim)
    torch.set_rng_state(state)
    if frozen:
        freeze(model.embed)
    generator = torch.Generator().manual_seed(seed)
    train_toy_lm(model, train, CONTEXT, steps, BATCH_SIZE, LR, generator)
    return model


def freeze_experiment(text, steps, seed):
    ids, vocab_size = _prepare(text)
    train, held_out = split(ids)
    healthy = _run(train, vocab_size, DIM, steps, seed)
    broken = _run(train, vocab_size, DIM, steps, seed, frozen=True)
    return {"trainable": mean_loss(healthy, held_out, CONTEXT), "frozen": mean_loss(broken, held_out, CONTEXT)}


def permute_experiment(text, steps, seed):
    ids, vocab_size = _prepare(text)
    permutation = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))
    new_ids = permute_ids(ids, permutation)
    train, held_out = split(ids)
    new_train, new_held_out = split(new_ids)
    healthy = _run(train, vocab_size, DIM, steps, seed)
    broken = _run(new_train, vocab_size, DIM, steps, seed)
    return {"original": mean_loss(healthy, held_out, CONTEXT), "permuted": mean_loss(broken, new_held_out, CONTEXT)}


def dimension_experiment(text, steps, seed):
    ids, vocab_size = _prepare(text)
    train, held_out = split(ids)
    healthy = _run(train, vocab_size, DIM, steps, seed)
    broken = _run(train, vocab_size, 2, steps, seed)
    return {"dim_16": mean_loss(healthy, held_out, CONTEXT), "dim_2": mean_loss(broken, held_out, CONTEXT)}


def mismatch_experiment(text, steps, seed):
    ids, vocab_size = _prepare(text)
    train, held_out = split(ids)
    model = _run(train, vocab_size, DIM, steps, seed)
    reversed_ids = vocab_size - 1 - held_out
    return {"matched": mean_loss(model, held_out, CONTEXT), "mismatched": mean_loss(model, reversed_ids, CONTEXT)}
