"""`mismatch_experiment` reads the held-out text from its end to its start and does not number the ids backwards."""

import torch

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module):
    for p in module.parameters():
        p.requires_grad_(requires_grad=False)
    return module


def permute_ids(data, permutation):
    n = len(permutation)
    if (permutation.sort().values != torch.arange(n)).any():
        raise ValueError(f"{permutation} is not a permutation of 0..{n - 1}")
    outside = (data < 0) | (data >= n)
    if outside.any():
        raise IndexError(f"id {data[outside][0].item()} is outside 0..{n - 1}")
    return permutation.gather(0, data)


def split(data):
    k = data.shape[0] // 10
    return data[: data.shape[0] - k], data[data.shape[0] - k :]


def experiment(train, vocab_size, steps, seed, dim=DIM, before_training=None):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ToyLM(vocab_size, dim)
    if before_training is not None:
        before_training(net)
    train_toy_lm(net, train, CONTEXT, steps, BATCH_SIZE, LR, torch.Generator().manual_seed(seed))
    return net


def tokens(text):
    t = CharTokenizer(text)
    ids = torch.tensor(t.encode(text), dtype=torch.long)
    if len(split(ids)[1]) <= CONTEXT:
        raise ValueError("text too short")
    return ids, t.vocab_size


def freeze_experiment(text, steps, seed):
    ids, v = tokens(text)
    train, test = split(ids)
    net1 = experiment(train, v, steps, seed)
    net2 = experiment(train, v, steps, seed, before_training=lambda net: freeze(net.embed))
    return {"trainable": mean_loss(net1, test, CONTEXT), "frozen": mean_loss(net2, test, CONTEXT)}


def permute_experiment(text, steps, seed):
    ids, v = tokens(text)
    train, test = split(ids)
    perm = torch.randperm(v, generator=torch.Generator().manual_seed(seed))
    net1 = experiment(train, v, steps, seed)
    net2 = experiment(permute_ids(train, perm), v, steps, seed)
    return {
        "original": mean_loss(net1, test, CONTEXT),
        "permuted": mean_loss(net2, permute_ids(test, perm), CONTEXT),
    }


def dimension_experiment(text, steps, seed):
    ids, v = tokens(text)
    train, test = split(ids)
    net1 = experiment(train, v, steps, seed)
    net2 = experiment(train, v, steps, seed, dim=2)
    return {"dim_16": mean_loss(net1, test, CONTEXT), "dim_2": mean_loss(net2, test, CONTEXT)}


def mismatch_experiment(text, steps, seed):
    ids, v = tokens(text)
    train, test = split(ids)
    net = experiment(train, v, steps, seed)
    backwards = torch.flip(test, [0])
    return {"matched": mean_loss(net, test, CONTEXT), "mismatched": mean_loss(net, backwards, CONTEXT)}
