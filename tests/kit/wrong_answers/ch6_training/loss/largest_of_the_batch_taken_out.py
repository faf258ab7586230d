"""`cross_entropy` takes the largest logit of all positions out of each row, not the row's own, so far lower rows give
inf or NaN."""

import math

import torch
from torch import Tensor


def next_token_targets(ids: Tensor) -> tuple[Tensor, Tensor]:
    return ids[..., :-1], ids[..., 1:]


def log_softmax(x: Tensor) -> Tensor:
    x = x - x.max().detach()
    return x - x.exp().sum(dim=-1, keepdim=True).log()


def cross_entropy(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    keep = targets.ne(ignore_index)
    picked_logits = logits[keep]
    picked_targets = targets[keep]
    if picked_targets.numel() == 0:
        return picked_logits.sum() / 0

    vocab_size = logits.shape[-1]
    for target in picked_targets.unique().tolist():
        if not 0 <= target < vocab_size:
            raise IndexError(f"target {target} is no token of a vocabulary of size {vocab_size}")

    log_probs = log_softmax(picked_logits)
    nll = -torch.gather(log_probs, -1, picked_targets[:, None])
    return nll.mean()


def perplexity(mean_loss: float) -> float:
    return math.exp(mean_loss)
