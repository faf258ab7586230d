"""One function for a run with its options; the global generator's state saved and given back; a table of runs."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings import toy_lm


def freeze(module):
    for _, parameter in module.named_parameters():
        parameter.requires_grad = False
    return module


def permute_ids(data, permutation):
    n = permutation.numel()
    if not torch.equal(torch.sort(permutation).values, torch.arange(n)):
        raise ValueError("not a permutation: %s" % permutation.tolist())
    new = permutation.tolist()
    result = []
    for i in data.tolist():
        if i not in range(n):
            raise IndexError("id %d" % i)
        result.append(new[i])
    return torch.tensor(result, dtype=data.dtype)


def split(data):
    held_out = len(data) // 10
    return data[: len(data) - held_out], data[len(data) - held_out :]


def text_ids(text):
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.long), tokenizer.vocab_size


def run(data, vocab_size, steps, seed, dim=16, frozen=False):
    state = torch.get_rng_state()
    try:
        torch.manual_seed(seed)
        model = toy_lm.ToyLM(vocab_size, dim)
    finally:
        torch.set_rng_state(state)
    if frozen:
        freeze(model.embed)
    train, held_out = split(data)
    toy_lm.train_toy_lm(model, train, 8, steps, 32, 0.01, torch.Generator().manual_seed(seed))
    return model, toy_lm.mean_loss(model, held_out, 8)


def freeze_experiment(text, steps, seed):
    data, size = text_ids(text)
    runs = {"trainable": False, "frozen": True}
    return {name: run(data, size, steps, seed, frozen=frozen)[1] for name, frozen in runs.items()}


def permute_experiment(text, steps, seed):
    data, size = text_ids(text)
    generator = torch.Generator()
    generator.manual_seed(seed)
    shuffled = permute_ids(data, torch.rand(size, generator=generator).argsort())
    return {"original": run(data, size, steps, seed)[1], "permuted": run(shuffled, size, steps, seed)[1]}


def dimension_experiment(text, steps, seed):
    data, size = text_ids(text)
    return {f"dim_{dim}": run(data, size, steps, seed, dim=dim)[1] for dim in (16, 2)}


def mismatch_experiment(text, steps, seed):
    data, size = text_ids(text)
    model, matched = run(data, size, steps, seed)
    backwards = size - 1 - split(data)[1]
    return {"matched": matched, "mismatched": toy_lm.mean_loss(model, backwards, 8)}
