"""As training scripts write it: everything in float32, one flat batch, a mask of weights, the dtype given back."""

import torch
import torch.nn.functional as F


def next_token_targets(ids):
    x = ids[..., :-1].contiguous()
    y = ids[..., 1:].contiguous()
    return x, y


def cross_entropy(logits, targets, ignore_index=-100):
    V = logits.size(-1)
    logp = F.log_softmax(logits.float().reshape(-1, V), dim=-1)
    y = targets.reshape(-1)
    weight = (y != ignore_index).float()
    bad = (weight > 0) & ((y < 0) | (y >= V))
    if bad.any():
        raise IndexError("target out of range: %d" % int(y[bad][0]))
    safe = torch.where(weight > 0, y, torch.zeros_like(y))
    nll = -logp[torch.arange(len(y)), safe]
    nll = torch.where(weight > 0, nll, torch.zeros_like(nll))
    return (nll.sum() / weight.sum()).to(logits.dtype)


def perplexity(mean_loss):
    return torch.tensor(mean_loss).exp().item()
