"""`apply_temperature` multiplies the logits by the temperature where it should divide them by it."""

import torch
from torch import Tensor

FILTER_VALUE = -float("inf")


def greedy(logits: Tensor) -> Tensor:
    return torch.argmax(logits, dim=-1)


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    if not temperature > 0:
        raise ValueError(f"`temperature` has to be a strictly positive float, but is {temperature}")
    return logits * temperature


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    if k < 1:
        raise ValueError(f"`k` has to be a strictly positive integer, but is {k}")
    k = min(k, logits.size(-1))  # safety check
    indices_to_remove = logits < torch.topk(logits, k)[0][..., -1, None]
    return logits.masked_fill(indices_to_remove, FILTER_VALUE)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    if not 0 < p <= 1:
        raise ValueError(f"`p` has to be a float > 0 and <= 1, but is {p}")
    if p == 1:
        return logits.clone()
    sorted_logits, sorted_indices = torch.sort(logits, dim=-1, descending=True)
    cumulative_probs = sorted_logits.softmax(dim=-1).cumsum(dim=-1)
    # shifted to the right by one, so that the token that crosses p is kept
    sorted_to_remove = torch.zeros_like(cumulative_probs, dtype=torch.bool)
    sorted_to_remove[..., 1:] = cumulative_probs[..., :-1] >= p
    indices_to_remove = sorted_to_remove.scatter(-1, sorted_indices, sorted_to_remove)
    return logits.masked_fill(indices_to_remove, FILTER_VALUE)


def sample(
    logits: Tensor,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    if temperature == 0:
        return greedy(logits)
    scores = apply_temperature(logits, temperature)
    if top_k is not None:
        scores = top_k_filter(scores, top_k)
    if top_p is not None:
        scores = top_p_filter(scores, top_p)
    probs = torch.softmax(scores, dim=-1)
    return torch.multinomial(probs, num_samples=1, generator=generator).squeeze(1)
