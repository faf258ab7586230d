"""`next_token_targets` returns the pair the wrong way round, targets first, and `cross_entropy` does not reject
negative targets, which index from the end of the vocabulary."""

import math

import torch


def next_token_targets(ids):
    targets = ids[..., 1:]
    inputs = ids[..., :-1]
    return targets, inputs


def cross_entropy(logits, targets, ignore_index=-100):
    logits = logits.reshape(-1, logits.shape[-1])
    targets = targets.flatten()

    # throw away the positions without a target
    logits = logits[targets != ignore_index]
    targets = targets[targets != ignore_index]

    for target in targets:
        if target >= logits.shape[-1]:
            raise IndexError("no such token: " + str(target.item()))

    rows = torch.arange(len(targets), device=logits.device)
    chosen = logits[rows, targets]
    total = torch.logsumexp(logits, dim=-1)
    loss = total - chosen
    return loss.mean()


def perplexity(mean_loss):
    return math.exp(mean_loss)
