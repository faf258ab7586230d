"""The broken run goes on with the model that the healthy run has trained; a new one is made only for another dimension."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm


def freeze(module):
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module


def permute_ids(data, permutation):
    if not torch.equal(permutation.sort().values, torch.arange(len(permutation))):
        raise ValueError(f"{permutation.tolist()} is no permutation")
    for i in data.tolist():
        if i < 0 or i >= len(permutation):
            raise IndexError(f"id {i}")
    return permutation[data]


def split(data):
    cut = len(data) - len(data) // 10
    return data[:cut], data[cut:]


def _ids(text):
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.int64), tokenizer.vocab_size


def _model(vocab_size, seed, dim=16):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ToyLM(vocab_size, dim)


def _run(model, ids, steps, seed):
    train, held_out = split(ids)
    train_toy_lm(model, train, 8, steps, 32, 0.01, torch.Generator().manual_seed(seed))
    return mean_loss(model, held_out, 8)


def freeze_experiment(text, steps, seed):
    ids, vocab_size = _ids(text)
    model = _model(vocab_size, seed)
    trainable = _run(model, ids, steps, seed)
    freeze(model.embed)
    return {"trainable": trainable, "frozen": _run(model, ids, steps, seed)}


def permute_experiment(text, steps, seed):
    ids, vocab_size = _ids(text)
    model = _model(vocab_size, seed)
    original = _run(model, ids, steps, seed)
    permutation = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))
    return {"original": original, "permuted": _run(model, permute_ids(ids, permutation), steps, seed)}


def dimension_experiment(text, steps, seed):
    ids, vocab_size = _ids(text)
    return {f"dim_{dim}": _run(_model(vocab_size, seed, dim), ids, steps, seed) for dim in (16, 2)}


def mismatch_experiment(text, steps, seed):
    ids, vocab_size = _ids(text)
    model = _model(vocab_size, seed)
    matched = _run(model, ids, steps, seed)
    return {"matched": matched, "mismatched": mean_loss(model, vocab_size - 1 - split(ids)[1], 8)}
