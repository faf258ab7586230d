"""The loss by way of log-softmax and a one-hot product, with zeros where a target does not count."""

import torch


def next_token_targets(ids):
    length = ids.shape[-1]
    return ids.narrow(-1, 0, length - 1), ids.narrow(-1, 1, length - 1)


def cross_entropy(logits, targets, ignore_index=-100):
    vocab = logits.shape[-1]
    flat, wanted = logits.reshape(-1, vocab), targets.reshape(-1)
    counts = wanted.ne(ignore_index)
    for target in wanted[counts].tolist():
        if target not in range(vocab):
            raise IndexError(f"{target} is no token of {vocab}")
    one_hot = (torch.arange(vocab) == wanted[:, None]) & counts[:, None]
    log_probabilities = torch.log_softmax(flat, dim=1)
    return -torch.where(one_hot, log_probabilities, torch.zeros_like(flat)).sum() / counts.sum()


def perplexity(mean_loss):
    return float(torch.tensor(mean_loss, dtype=torch.float64).exp())
