"""`next_token_targets` cuts along the first axis, so with a batch it drops whole sequences instead of tokens."""

import math

from torch import Tensor


def next_token_targets(ids: Tensor) -> tuple[Tensor, Tensor]:
    x = ids[:-1]
    y = ids[1:]
    return x, y


def cross_entropy(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    B = targets.numel()
    C = logits.size(-1)
    logits = logits.reshape(B, C)
    targets = targets.reshape(B)

    rows = (targets != ignore_index).nonzero().squeeze(1)
    logits, targets = logits[rows], targets[rows]
    wrong = [t for t in targets.tolist() if t < 0 or t >= C]
    if wrong:
        raise IndexError(f"target {wrong[0]} is not between 0 and {C - 1}")

    # log-sum-exp by hand, the maximum of each row first
    top = logits.amax(dim=1, keepdim=True).detach()
    lse = (logits - top).exp().sum(dim=1).log() + top.squeeze(1)
    correct = logits.gather(1, targets.view(-1, 1)).view(-1)
    return (lse - correct).mean()


def perplexity(mean_loss: float) -> float:
    return math.exp(mean_loss)
