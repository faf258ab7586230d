"""The loops of published generation scripts: probabilities in float32, marks shifted by one and scattered back."""

import torch
import torch.nn.functional as F


def greedy(logits):
    return logits.max(dim=-1)[1]


def apply_temperature(logits, temperature):
    if not temperature > 0:
        raise ValueError(f"`temperature` has to be a strictly positive float, but is {temperature}")
    return logits * (1.0 / temperature)


def top_k_filter(logits, k):
    if k < 1:
        raise ValueError(f"`top_k` has to be a strictly positive integer, but is {k}")
    k = min(k, logits.size(-1))
    remove = logits < torch.topk(logits, k)[0][..., -1, None]
    return logits.masked_fill(remove, -float("Inf"))


def top_p_filter(logits, p):
    if p <= 0 or p > 1:
        raise ValueError(f"`top_p` has to be a float > 0 and <= 1, but is {p}")
    if p == 1:
        return logits.clone()
    sorted_logits, sorted_indices = torch.sort(logits, descending=True)
    cumulative_probs = torch.cumsum(F.softmax(sorted_logits, dim=-1, dtype=torch.float32), dim=-1)
    sorted_indices_to_remove = cumulative_probs >= p
    sorted_indices_to_remove[..., 1:] = sorted_indices_to_remove[..., :-1].clone()
    sorted_indices_to_remove[..., 0] = False
    indices_to_remove = torch.zeros_like(sorted_indices_to_remove)
    indices_to_remove.scatter_(1, sorted_indices, sorted_indices_to_remove)
    logits = logits.clone()
    logits[indices_to_remove] = -float("Inf")
    return logits


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    probs = F.softmax(logits, dim=-1, dtype=torch.float32)
    return torch.multinomial(probs, num_samples=1, generator=generator).squeeze(1)
