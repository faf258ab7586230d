"""`cosine_with_warmup` counts the progress of the cosine from step 0 and over all steps, not from the end of the
warm-up."""

import math

import torch


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError(f"warmup_steps={warmup_steps} is more than total_steps={total_steps}")
    # 1) after the end
    if step >= total_steps:
        return min_lr
    # 2) linear warmup
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    # 3) cosine decay down to min_lr
    decay_ratio = step / total_steps
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (max_lr - min_lr)


def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm has to be positive, got {max_norm}")
    grads = [p.grad for p in parameters if p.grad is not None]
    if len(grads) == 0:
        return torch.tensor(0.0)
    total = torch.sqrt(sum((g**2).sum() for g in grads))
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return total
