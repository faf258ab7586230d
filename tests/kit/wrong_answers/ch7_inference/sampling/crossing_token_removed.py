"""`top_p_filter` keeps the tokens while the sum with them is at most p, so the token that crosses p is removed."""

import torch
from torch import Tensor


def greedy(logits: Tensor) -> Tensor:
    return logits.argmax(dim=-1)


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    if temperature <= 0.0:
        raise ValueError(f"expected a temperature > 0, got {temperature}")
    return logits.div(temperature)


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    if k < 1:
        raise ValueError(f"expected k >= 1, got {k}")
    if k >= logits.size(-1):
        return logits.clone()
    values, _ = logits.topk(k, dim=-1)
    smallest = values.amin(dim=-1, keepdim=True)
    return logits.masked_fill(logits < smallest, float("-inf"))


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    if not 0.0 < p <= 1.0:
        raise ValueError(f"expected 0 < p <= 1, got {p}")
    if p == 1.0:
        return logits.clone()
    sorted_probs, sorted_ids = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    nucleus = sorted_probs.cumsum(dim=-1) <= p
    nucleus[..., 0] = True  # the best token always stays
    keep = torch.empty_like(nucleus)
    keep.scatter_(-1, sorted_ids, nucleus)
    return logits.masked_fill(~keep, float("-inf"))


def sample(
    logits: Tensor,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    if temperature == 0:
        return greedy(logits)
    out = apply_temperature(logits, temperature)
    out = out if top_k is None else top_k_filter(out, top_k)
    out = out if top_p is None else top_p_filter(out, top_p)
    return torch.multinomial(out.softmax(dim=-1), 1, generator=generator).flatten()
