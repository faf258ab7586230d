"""`softmax` takes the sum along the last axis whatever `dim` is."""

import torch


def safe_max(x, dim):
    m = x.max(dim=dim, keepdim=True).values
    return m.masked_fill(m == float("-inf"), 0.0)


def softmax(x, dim):
    dtype = x.dtype
    x = x.to(torch.promote_types(dtype, torch.float))
    e = (x - safe_max(x, dim).detach()).exp()
    s = e.sum(-1, keepdim=True)
    s = s.masked_fill(s == 0, 1.0)
    return (e / s).type(dtype)
