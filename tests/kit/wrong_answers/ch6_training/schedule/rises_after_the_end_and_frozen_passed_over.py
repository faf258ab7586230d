"""`cosine_with_warmup` follows the cosine up again after `total_steps` instead of staying at `min_lr` and
`clip_gradients` passes over frozen parameters that have a gradient."""

import math

import torch


def cosine_with_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError(f"num_warmup_steps ({warmup_steps}) exceeds num_training_steps ({total_steps})")
    if step < warmup_steps:
        return max_lr * float(step) / float(max(1, warmup_steps))
    if warmup_steps == total_steps:
        return min_lr
    progress = float(step - warmup_steps) / float(max(1, total_steps - warmup_steps))
    factor = 0.5 * (1.0 + math.cos(math.pi * progress))
    return min_lr + (max_lr - min_lr) * factor


@torch.no_grad()
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"`max_norm` must be > 0, got {max_norm}")
    params = [p for p in parameters if p.requires_grad and p.grad is not None]
    if len(params) == 0:
        return torch.tensor(0.0)
    device = params[0].grad.device
    total_norm = torch.norm(torch.stack([p.grad.norm(2).to(device) for p in params]), 2)
    if total_norm > max_norm:
        for p in params:
            p.grad.mul_((max_norm / total_norm).to(p.grad.device))
    return total_norm
