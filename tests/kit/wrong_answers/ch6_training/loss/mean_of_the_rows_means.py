"""`cross_entropy` takes the mean of each sequence and then the mean of those, so targets of short sequences weigh
more."""

import math

import torch


def next_token_targets(ids):
    return ids[..., 0:-1], ids[..., 1:]


def cross_entropy(logits, targets, ignore_index=-100):
    vocab_size = logits.shape[-1]
    mask = targets != ignore_index
    outside = mask & ((targets < 0) | (targets > vocab_size - 1))
    if outside.any():
        raise IndexError(f"token {targets[outside][0].item()} does not exist, there are {vocab_size}")

    safe_logits = logits.masked_fill(~mask[..., None], 0.0)
    safe_targets = torch.where(mask, targets, 0)

    log_sum = safe_logits.logsumexp(dim=-1)
    right = safe_logits.gather(-1, safe_targets.unsqueeze(-1)).squeeze(-1)
    loss = (log_sum - right) * mask

    # mean loss of each sequence, sequences of padding alone left out
    n_tokens = mask.sum(dim=-1)
    per_sequence = loss.sum(dim=-1)[n_tokens > 0] / n_tokens[n_tokens > 0]
    return per_sequence.mean()


def perplexity(mean_loss):
    return math.e**mean_loss
