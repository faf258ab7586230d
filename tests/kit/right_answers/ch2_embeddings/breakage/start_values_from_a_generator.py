"""Start values drawn anew from a generator of the seed, the head small; a class for the protocol."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm


class Protocol:
    def __init__(self, text, steps, seed):
        chars = CharTokenizer(text)
        self.size = chars.vocab_size
        self.data = torch.as_tensor(chars.encode(text), dtype=torch.int64)
        self.steps, self.seed = steps, seed

    def start(self, dim=16):
        with torch.random.fork_rng(devices=[]):
            model = ToyLM(self.size, dim)
        generator = torch.Generator().manual_seed(self.seed)
        with torch.no_grad():
            model.embed.weight.normal_(generator=generator)
            model.head.weight.normal_(std=0.02, generator=generator)
            model.head.bias.zero_()
        return model

    def train(self, model, data):
        generator = torch.Generator().manual_seed(self.seed)
        train_toy_lm(model, split(data)[0], 8, self.steps, 32, 1e-2, generator)
        return model

    def measure(self, model, data):
        return mean_loss(model, split(data)[1], 8)


def freeze(module):
    return module.requires_grad_(False)


def permute_ids(data, permutation):
    counts = [0] * len(permutation)
    for i in permutation.tolist():
        if i < 0 or i >= len(counts) or counts[i]:
            raise ValueError(f"{i} is out of place in a permutation of {len(counts)} ids")
        counts[i] = 1
    strange = data[(data < 0) | (data >= len(counts))]
    if strange.numel():
        raise IndexError(f"no number for {strange.tolist()}")
    return torch.gather(permutation, 0, data)


def split(data):
    held_out = data.size(0) // 10
    train, rest = torch.split(data, [data.size(0) - held_out, held_out])
    return train, rest


def freeze_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    healthy, broken = protocol.start(), protocol.start()
    freeze(broken.embed)
    protocol.train(healthy, protocol.data)
    protocol.train(broken, protocol.data)
    return dict(
        trainable=protocol.measure(healthy, protocol.data),
        frozen=protocol.measure(broken, protocol.data),
    )


def permute_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    new = permute_ids(protocol.data, torch.randperm(protocol.size, generator=torch.Generator().manual_seed(seed)))
    result = {}
    for name, data in (("original", protocol.data), ("permuted", new)):
        result[name] = protocol.measure(protocol.train(protocol.start(), data), data)
    return result


def dimension_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    wide = protocol.train(protocol.start(16), protocol.data)
    narrow = protocol.train(protocol.start(2), protocol.data)
    return {"dim_16": protocol.measure(wide, protocol.data), "dim_2": protocol.measure(narrow, protocol.data)}


def mismatch_experiment(text, steps, seed):
    protocol = Protocol(text, steps, seed)
    model = protocol.train(protocol.start(), protocol.data)
    other = torch.arange(protocol.size).flip(0)
    return {
        "matched": protocol.measure(model, protocol.data),
        "mismatched": protocol.measure(model, permute_ids(protocol.data, other)),
    }
