"""`softmax` works in the dtype of `x` all the way, so the sum of a long row overflows in float16."""

import torch


def softmax(x, dim):
    # 1. shift, so that exp cannot overflow
    biggest = torch.amax(x, dim=dim, keepdim=True).detach()
    biggest = torch.where(biggest == -torch.inf, 0.0, biggest).to(x.dtype)
    exps = torch.exp(x - biggest)

    # 2. normalise
    sums = torch.sum(exps, dim=dim, keepdim=True)
    empty = sums == 0
    sums = sums.masked_fill(empty, 1.0)
    probs = exps / sums
    return probs
