"""Sampling by the Gumbel maximum; filters by loops, ranks and additive masks."""

import torch
import torch.nn.functional as F


def greedy(logits):
    return torch.max(logits, dim=1)[1]


def apply_temperature(logits, temperature):
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not positive")
    return logits * (1.0 / temperature)


def top_k_filter(logits, k):
    if k < 1:
        raise ValueError(f"k={k} is below 1")
    if k >= logits.size(-1):
        return logits.clone()
    ordered = torch.sort(logits, dim=-1).values
    threshold = ordered[:, -k].unsqueeze(1)
    return torch.where(logits >= threshold, logits, torch.tensor(float("-inf"), dtype=logits.dtype))


def top_p_filter(logits, p):
    if p <= 0 or p > 1:
        raise ValueError(f"p={p} is not in (0, 1]")
    if p == 1:
        return logits + 0.0
    result = torch.full_like(logits, float("-inf"))
    for row in range(logits.size(0)):
        probabilities = F.softmax(logits[row], dim=0)
        reached = 0.0
        for i in torch.argsort(logits[row], descending=True).tolist():
            result[row, i] = logits[row, i]
            reached += probabilities[i].item()
            if reached >= p:
                break
    return result


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k:
        logits = top_k_filter(logits, top_k)
    if top_p:
        logits = top_p_filter(logits, top_p)
    uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    return (logits.double().log_softmax(-1) - torch.log(-torch.log(uniform))).argmax(-1)
