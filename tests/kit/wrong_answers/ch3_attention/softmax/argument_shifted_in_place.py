"""`softmax` subtracts the largest entry with `-=`, which changes the caller's tensor in float32 and float64."""

import torch


def softmax(x, dim):
    in_dtype = x.dtype
    if in_dtype in (torch.float16, torch.bfloat16):
        x = x.float()
    max_score = torch.max(x.detach(), dim, keepdim=True)[0]
    max_score = torch.where(max_score == -torch.inf, torch.zeros_like(max_score), max_score)
    x -= max_score
    x_exp = torch.exp(x)
    total = x_exp.sum(dim, keepdim=True)
    total = torch.where(total > 0, total, torch.ones_like(total))
    x_softmax = x_exp / total
    return x_softmax.to(in_dtype)
