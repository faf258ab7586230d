"""`cross_entropy` divides the sum by the number of all positions, ignored ones included, not by those that count."""

import math

import torch


def next_token_targets(ids):
    inputs = ids[..., :-1]
    targets = ids[..., 1:]
    return inputs, targets


def cross_entropy(logits, targets, ignore_index=-100):
    V = logits.size(-1)
    logits = logits.reshape(-1, V)
    targets = targets.reshape(-1)

    ignored = targets == ignore_index
    bad = ~ignored & ((targets < 0) | (targets >= V))
    if bad.any():
        raise IndexError(f"target {targets[bad][0].item()} is out of range for a vocabulary of {V}")
    if ignored.all():
        return logits.new_tensor(float("nan"))

    # put something harmless where there is nothing to predict
    logits = logits.masked_fill(ignored.unsqueeze(1), 0.0)
    targets = targets.masked_fill(ignored, 0)

    log_z = torch.logsumexp(logits, dim=-1)
    picked = logits[torch.arange(len(targets), device=logits.device), targets]
    loss = (log_z - picked).masked_fill(ignored, 0.0)
    return loss.mean()


def perplexity(mean_loss):
    return math.exp(mean_loss)
