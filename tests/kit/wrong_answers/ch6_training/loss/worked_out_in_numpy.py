"""`cross_entropy` works in numpy on detached logits, so no gradients flow to `logits`."""

import numpy as np
import torch


def next_token_targets(ids):
    return ids[..., :-1], ids[..., 1:]


def cross_entropy(logits, targets, ignore_index=-100):
    z = logits.detach().cpu().numpy()
    y = targets.cpu().numpy()
    vocab = z.shape[-1]

    keep = y != ignore_index
    z, y = z[keep], y[keep]  # (n, vocab), (n,)
    if np.any((y < 0) | (y >= vocab)):
        first = y[(y < 0) | (y >= vocab)][0]
        raise IndexError(f"target {first} is not in the vocabulary of {vocab}")
    if len(y) == 0:
        return torch.tensor(float("nan"), dtype=logits.dtype, device=logits.device)

    biggest = np.max(z, axis=1, keepdims=True)
    lse = biggest[:, 0] + np.log(np.sum(np.exp(z - biggest), axis=1))
    losses = lse - z[np.arange(len(y)), y]
    return torch.tensor(losses.mean(), dtype=logits.dtype, device=logits.device, requires_grad=True)


def perplexity(mean_loss):
    return float(np.exp(mean_loss))
