"""Sampling by the inverse of the cumulative distribution; top-p with the sorted marks shifted by one place."""

import torch


def greedy(logits):
    return logits.topk(1).indices[:, 0]


def apply_temperature(logits, temperature):
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return logits / temperature


def top_k_filter(logits, k):
    if k <= 0:
        raise ValueError(f"k must be positive, got {k}")
    k = min(k, logits.size(1))
    kept = logits.clone()
    kept[logits < torch.topk(logits, k)[0][:, [-1]]] = -float("inf")
    return kept


def top_p_filter(logits, p):
    if not 0.0 < p <= 1.0:
        raise ValueError(f"p must be in (0, 1], got {p}")
    if p >= 1.0:
        return logits.clone()
    ordered, indices = torch.sort(logits, descending=True)
    sums = torch.cumsum(torch.softmax(ordered, dim=-1), dim=-1)
    remove = sums >= p
    remove[:, 1:] = remove[:, :-1].clone()
    remove[:, 0] = False
    result = logits.clone()
    result[torch.zeros_like(remove).scatter(1, indices, remove)] = float("-inf")
    return result


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    sums = torch.softmax(logits.double(), dim=-1).cumsum(-1)
    sums = sums / sums[:, -1:]
    points = torch.rand(len(logits), 1, generator=generator, dtype=torch.float64)
    return torch.searchsorted(sums, points, right=True).clamp(max=logits.size(1) - 1).squeeze(1)
