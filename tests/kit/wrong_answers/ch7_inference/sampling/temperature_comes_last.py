"""`sample` applies the temperature after top-k and top-p, so that top-p measures the probabilities without it."""

from functools import partial

import torch
from torch import Tensor


def greedy(logits: Tensor) -> Tensor:
    return logits.max(-1).indices


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    if not temperature > 0:
        raise ValueError(f"temperature = {temperature} is not above zero")
    return logits.true_divide(temperature)


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    if k < 1:
        raise ValueError(f"k = {k} is below one")
    n = logits.shape[-1]
    worst = logits.kthvalue(n - min(k, n) + 1, dim=-1, keepdim=True).values
    return logits.masked_fill(logits < worst, -torch.inf)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    if not 0 < p <= 1:
        raise ValueError(f"p = {p} is not in (0, 1]")
    if p == 1:
        return logits.clone()
    order = logits.argsort(dim=-1, descending=True)
    probs = logits.softmax(-1).gather(-1, order)
    spent = torch.cat([torch.zeros_like(probs[..., :1]), probs.cumsum(-1)[..., :-1]], dim=-1)
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, spent >= p)
    return logits.masked_fill(drop, -torch.inf)


def sample(
    logits: Tensor,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    if temperature == 0:
        return greedy(logits)
    processors = []
    if top_k is not None:
        processors.append(partial(top_k_filter, k=top_k))
    if top_p is not None:
        processors.append(partial(top_p_filter, p=top_p))
    processors.append(partial(apply_temperature, temperature=temperature))
    for process in processors:
        logits = process(logits)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)
