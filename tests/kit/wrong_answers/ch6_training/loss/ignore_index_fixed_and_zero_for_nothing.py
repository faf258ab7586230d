"""`cross_entropy` always ignores -100, whatever `ignore_index` is, and gives 0, not NaN, if every target is ignored."""

import math

from torch import Tensor


def next_token_targets(ids: Tensor) -> tuple[Tensor, Tensor]:
    shift_inputs = ids[..., :-1]
    shift_labels = ids[..., 1:]
    return shift_inputs, shift_labels


def cross_entropy(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    shift_logits = logits.reshape(-1, logits.shape[-1])
    labels = targets.reshape(-1)

    active = labels != -100
    active_logits = shift_logits[active]
    active_labels = labels[active]

    invalid = (active_labels < 0) | (active_labels >= logits.shape[-1])
    if invalid.any():
        raise IndexError(f"Target {int(active_labels[invalid][0])} is out of bounds.")

    log_normalizer = active_logits.logsumexp(dim=-1)
    label_logits = active_logits.gather(dim=-1, index=active_labels.unsqueeze(-1)).squeeze(-1)
    per_token_loss = log_normalizer - label_logits
    num_active = active.sum().clamp(min=1)
    return per_token_loss.sum() / num_active


def perplexity(mean_loss: float) -> float:
    return math.exp(mean_loss)
