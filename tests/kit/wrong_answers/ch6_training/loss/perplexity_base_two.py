"""`perplexity` raises 2 to the loss, as if it were in bits, where a loss in nats needs e."""

import torch
from torch import Tensor


def next_token_targets(ids: Tensor) -> tuple[Tensor, Tensor]:
    n = ids.size(-1)
    return ids.narrow(-1, 0, n - 1), ids.narrow(-1, 1, n - 1)


def _token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (n, vocab), targets (n,) -> (n,)"""
    positions = torch.arange(targets.size(0), device=targets.device)
    return logits.logsumexp(dim=1) - logits[positions, targets]


def cross_entropy(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    vocab = logits.size(-1)
    flat_logits, flat_targets = logits.reshape(-1, vocab), targets.reshape(-1)
    valid = flat_targets != ignore_index
    flat_logits, flat_targets = flat_logits[valid], flat_targets[valid]
    if flat_targets.numel() > 0:
        low, high = flat_targets.min().item(), flat_targets.max().item()
        if low < 0:
            raise IndexError(f"target {low} is negative")
        if high >= vocab:
            raise IndexError(f"target {high} is too large for a vocabulary of {vocab}")
    return _token_losses(flat_logits, flat_targets).mean()


def perplexity(mean_loss: float) -> float:
    return 2.0**mean_loss
