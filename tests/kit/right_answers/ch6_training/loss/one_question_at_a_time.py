"""A list of losses, one for each question, stacked at the end; log-sum-exp by hand."""

import numpy as np
import torch


def next_token_targets(ids):
    inputs, _ = ids.split([ids.shape[-1] - 1, 1], dim=-1)
    _, targets = ids.split([1, ids.shape[-1] - 1], dim=-1)
    return inputs, targets


def cross_entropy(logits, targets, ignore_index=-100):
    losses = []
    for scores, target in zip(logits.flatten(0, -2), targets.flatten()):
        token = int(target)
        if token == ignore_index:
            continue
        if not 0 <= token < len(scores):
            raise IndexError(f"{token=} is not in the vocabulary")
        shifted = scores - scores.max()
        losses.append(torch.log(torch.exp(shifted).sum()) - shifted[token])
    if not losses:
        return logits.sum() * float("nan")
    return torch.stack(losses).mean()


def perplexity(mean_loss):
    return float(np.exp(mean_loss))
