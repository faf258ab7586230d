"""One function runs them all with a loop of its own; start values and batches are drawn in another way."""

import torch
import torch.nn.functional as F

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM


def freeze(module):
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module


def permute_ids(data, permutation):
    table = permutation.tolist()
    if sorted(table) != list(range(len(table))):
        raise ValueError(f"{table} is no permutation")
    for i in data.tolist():
        if i < 0 or i >= len(table):
            raise IndexError(f"id {i} has no number")
    return torch.tensor([table[i] for i in data.tolist()], dtype=data.dtype)


def split(data):
    n = len(data) // 10
    return (data[:-n], data[-n:]) if n else (data, data[:0])


def _run(ids, vocab, steps, seed, dim=16, frozen=False):
    generator, places = torch.Generator().manual_seed(seed + 17), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        model = ToyLM(vocab, dim)
    with torch.no_grad():
        model.embed.weight.normal_(generator=generator)
        model.head.weight.uniform_(-(dim**-0.5), dim**-0.5, generator=generator)
        model.head.bias.zero_()
    if frozen:
        freeze(model.embed)
    train, _ = split(ids)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        starts = torch.randint(0, len(train) - 8, (32, 1), generator=places)
        window = train[starts + torch.arange(9)]
        optimizer.zero_grad()
        F.cross_entropy(model(window[:, :8]), window[:, 8]).backward()
        optimizer.step()
    return model


def _measure(model, held_out):
    window = held_out.unfold(0, 9, 1)
    with torch.no_grad():
        return float(F.cross_entropy(model(window[:, :8]), window[:, 8]))


def _ids(text):
    if len(text) // 10 < 9:
        raise ValueError(f"a tenth of {len(text)} characters is no window of 8 with a target")
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text)), tokenizer.vocab_size


def freeze_experiment(text, steps, seed):
    ids, vocab = _ids(text)
    held_out = split(ids)[1]
    healthy, broken = _run(ids, vocab, steps, seed), _run(ids, vocab, steps, seed, frozen=True)
    return {"trainable": _measure(healthy, held_out), "frozen": _measure(broken, held_out)}


def permute_experiment(text, steps, seed):
    ids, vocab = _ids(text)
    other = permute_ids(ids, torch.randperm(vocab, generator=torch.Generator().manual_seed(seed)))
    return {
        "original": _measure(_run(ids, vocab, steps, seed), split(ids)[1]),
        "permuted": _measure(_run(other, vocab, steps, seed), split(other)[1]),
    }


def dimension_experiment(text, steps, seed):
    ids, vocab = _ids(text)
    return {f"dim_{dim}": _measure(_run(ids, vocab, steps, seed, dim), split(ids)[1]) for dim in (16, 2)}


def mismatch_experiment(text, steps, seed):
    ids, vocab = _ids(text)
    model, held_out = _run(ids, vocab, steps, seed), split(ids)[1]
    return {"matched": _measure(model, held_out), "mismatched": _measure(model, vocab - 1 - held_out)}
