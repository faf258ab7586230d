"""The tail taken off an ascending order, as a list of steps over the logits; no annotations."""

import math

import torch

NEVER = -math.inf


def greedy(logits):
    return torch.topk(logits, 1, dim=1).indices.reshape(-1)


def apply_temperature(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature: " + str(temperature))
    return torch.div(logits, temperature)


def top_k_filter(logits, k):
    if k <= 0:
        raise ValueError("k: " + str(k))
    if k >= logits.shape[1]:
        return logits
    smallest_kept = logits.sort(dim=1).values[:, -k].unsqueeze(1)
    return torch.where(logits >= smallest_kept, logits, torch.full_like(logits, NEVER))


def top_p_filter(logits, p):
    if not (0 < p and p <= 1):
        raise ValueError("p: " + str(p))
    if p == 1:
        return logits
    order = logits.argsort(dim=1)
    tail = logits.softmax(1).gather(1, order).cumsum(1)
    out = tail <= 1 - p
    out[:, -1] = False
    return logits.masked_fill(out.gather(1, order.argsort(dim=1)), NEVER)


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    steps = [lambda x: apply_temperature(x, temperature)]
    if top_k is not None:
        steps.append(lambda x: top_k_filter(x, top_k))
    if top_p is not None:
        steps.append(lambda x: top_p_filter(x, top_p))
    for step in steps:
        logits = step(logits)
    return torch.multinomial(torch.softmax(logits, -1), 1, generator=generator)[:, 0]
