"""`top_k_filter` sets the removed logits to 0 instead of -inf, and `sample` draws without the generator it is given."""

import torch
import torch.nn.functional as F
from torch import Tensor


def greedy(logits: Tensor) -> Tensor:
    return torch.stack([row.argmax() for row in logits])


def apply_temperature(logits: Tensor, temperature: float) -> Tensor:
    if temperature <= 0:
        raise ValueError(f"bad temperature {temperature}: it has to be > 0")
    return logits / temperature


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    if k < 1:
        raise ValueError(f"bad k {k}: it has to be >= 1")
    k = min(k, logits.shape[-1])
    cutoff = torch.topk(logits, k, dim=-1).values[:, -1]
    keep = logits >= cutoff[:, None]
    return logits * keep


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    if not 0 < p <= 1:
        raise ValueError(f"bad p {p}: it has to be in (0, 1]")
    if p == 1:
        return logits.clone()
    filtered = torch.full_like(logits, float("-inf"))
    for b, row in enumerate(logits):
        probs, ids = F.softmax(row, dim=0).sort(descending=True)
        before = probs.cumsum(0) - probs
        chosen = ids[before < p]
        filtered[b, chosen] = row[chosen]
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
    probs = F.softmax(logits, dim=-1)
    return torch.multinomial(probs, num_samples=1).squeeze(-1)
