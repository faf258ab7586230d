"""The work is done in NumPy, so no gradient comes back and the meta device has nothing to hand over."""

import numpy as np
import torch


def softmax(x, dim):
    a = x.detach().to(torch.float32).numpy()
    top = a.max(axis=dim, keepdims=True)
    e = np.exp(a - np.where(np.isneginf(top), 0.0, top))
    s = e.sum(axis=dim, keepdims=True)
    return torch.from_numpy(e / np.where(s == 0, 1.0, s)).to(x.dtype)
