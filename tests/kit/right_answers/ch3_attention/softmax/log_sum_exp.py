"""Through the logarithm of the sum, which is taken off last: added to the largest entry it would be rounded away."""

import torch


def softmax(x, dim):
    nothing = (x == float("-inf")).all(dim=dim, keepdim=True)
    safe = torch.where(nothing, torch.zeros_like(x), x)
    top = torch.max(safe, dim=dim, keepdim=True).values
    below = safe - top
    if x.dtype.itemsize == 2:
        below = below.float()
    log_sum = torch.log(torch.sum(torch.exp(below), dim=dim, keepdim=True))
    return torch.where(nothing, 0.0, torch.exp(below - log_sum)).type(x.dtype)
