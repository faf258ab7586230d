"""`top_k_filter` writes -inf into the tensor that it was given, and returns that one instead of a new tensor."""

import torch
from torch.nn import functional as F


def greedy(logits):
    _, idx = torch.max(logits, dim=-1)
    return idx


def apply_temperature(logits, temperature):
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, not {temperature}")
    return logits / temperature


def top_k_filter(logits, k):
    # optionally crop the logits to only the top k options
    if k < 1:
        raise ValueError(f"top_k must be >= 1, not {k}")
    v, _ = torch.topk(logits, min(k, logits.size(-1)))
    logits[logits < v[:, [-1]]] = -float("Inf")
    return logits


def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"top_p must be in (0, 1], not {p}")
    if p == 1:
        return logits.clone()
    probs = F.softmax(logits, dim=-1)
    sorted_probs, idx = torch.sort(probs, dim=-1, descending=True)
    cum = torch.cumsum(sorted_probs, dim=-1)
    n_keep = 1 + (cum[:, :-1] < p).sum(dim=-1, keepdim=True)
    rank = idx.argsort(dim=-1)  # the place of each token in the sorted row
    return logits.masked_fill(rank >= n_keep, -float("Inf"))


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    probs = F.softmax(logits, dim=-1)
    return torch.multinomial(probs, num_samples=1, generator=generator)[:, 0]
