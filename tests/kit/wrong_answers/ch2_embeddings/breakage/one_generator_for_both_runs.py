"""One generator draws the start values and batches of both runs, so the broken run does not begin as the healthy one."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm


def freeze(module):
    return module.requires_grad_(False)


def permute_ids(data, permutation):
    if sorted(permutation.tolist()) != list(range(len(permutation))):
        raise ValueError(f"{permutation.tolist()} is no permutation")
    for i in data.tolist():
        if not 0 <= i < len(permutation):
            raise IndexError(f"id {i}")
    return permutation[data]


def split(data):
    cut = len(data) - len(data) // 10
    return data[:cut], data[cut:]


class Protocol:
    def __init__(self, text, steps, seed):
        tokenizer = CharTokenizer(text)
        self.ids = torch.tensor(tokenizer.encode(text), dtype=torch.int64)
        self.vocab_size, self.steps = tokenizer.vocab_size, steps
        self.generator = torch.Generator().manual_seed(seed)

    def run(self, ids, dim=16, frozen=False):
        with torch.random.fork_rng(devices=[]):
            model = ToyLM(self.vocab_size, dim)
        with torch.no_grad():
            model.embed.weight.normal_(generator=self.generator)
            model.head.weight.uniform_(-(dim**-0.5), dim**-0.5, generator=self.generator)
            model.head.bias.zero_()
        if frozen:
            freeze(model.embed)
        train, held_out = split(ids)
        train_toy_lm(model, train, 8, self.steps, 32, 0.01, self.generator)
        return model, mean_loss(model, held_out, 8)


def freeze_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    return {"trainable": protocol.run(protocol.ids)[1], "frozen": protocol.run(protocol.ids, frozen=True)[1]}


def permute_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    original = protocol.run(protocol.ids)[1]
    permutation = torch.randperm(protocol.vocab_size, generator=protocol.generator)
    return {"original": original, "permuted": protocol.run(permute_ids(protocol.ids, permutation))[1]}


def dimension_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    return {"dim_16": protocol.run(protocol.ids)[1], "dim_2": protocol.run(protocol.ids, dim=2)[1]}


def mismatch_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    model, matched = protocol.run(protocol.ids)
    backwards = protocol.vocab_size - 1 - split(protocol.ids)[1]
    return {"matched": matched, "mismatched": mean_loss(model, backwards, 8)}
