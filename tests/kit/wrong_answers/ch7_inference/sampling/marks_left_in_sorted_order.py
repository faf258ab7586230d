"""`top_p_filter` applies its marks in sorted order to the unsorted logits: they are never brought back to their ids."""

import torch
import torch.nn.functional as F


def greedy(logits):
    return torch.argmax(logits, -1)


def apply_temperature(logits, temperature):
    if temperature <= 0:
        raise ValueError(f"temperature={temperature} must be > 0")
    return logits / temperature


def top_k_filter(logits, k):
    if k < 1:
        raise ValueError(f"k={k} must be >= 1")
    top, _ = torch.topk(logits, min(k, logits.size(-1)), dim=-1)
    kth = top[:, -1:]
    return torch.where(logits >= kth, logits, float("-inf"))


def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(f"p={p} must be in (0, 1]")
    if p == 1:
        return logits.clone()
    sorted_logits, _ = torch.sort(logits, dim=-1, descending=True)
    probs = F.softmax(sorted_logits, dim=-1)
    before = torch.cumsum(probs, dim=-1) - probs
    remove = before >= p
    return logits.masked_fill(remove, float("-inf"))


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    probs = F.softmax(logits, dim=-1)
    idx_next = torch.multinomial(probs, num_samples=1, generator=generator)
    return idx_next.squeeze(-1)
