"""`sample` uses one random number for all rows, and `top_p_filter` takes exp of the raw logits, which overflows."""

import torch
from torch import Tensor


def greedy(logits: Tensor) -> Tensor:
    return logits.argmax(1)


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, but must be greater than 0")
    return logits / temperature


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    if k < 1:
        raise ValueError(f"k is {k}, but must be 1 or more")
    descending, _ = torch.sort(logits, dim=1, descending=True)
    k = min(k, logits.shape[1])
    filtered = logits.clone()
    filtered[logits < descending[:, k - 1 : k]] = float("-inf")
    return filtered


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    if not 0 < p <= 1:
        raise ValueError(f"p is {p}, but must be above 0 and not above 1")
    filtered = logits.clone()
    if p == 1:
        return filtered
    weights = torch.exp(logits)
    probs = weights / weights.sum(dim=1, keepdim=True)
    probs, ids = torch.sort(probs, dim=1, descending=True)
    gone = torch.cumsum(probs, dim=1) - probs >= p
    gone = torch.gather(gone, 1, torch.argsort(ids, dim=1))
    filtered[gone] = float("-inf")
    return filtered


def sample(
    logits: Tensor,
    generator: torch.Generator | None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    # inverse transform sampling: the first token at which the running sum passes u
    cdf = torch.cumsum(logits.double().softmax(dim=1), dim=1)
    u = torch.rand(1, generator=generator, dtype=torch.float64, device=logits.device)
    ids = (cdf <= u * cdf[:, -1:]).sum(dim=1)
    return ids.clamp(max=logits.shape[1] - 1)
