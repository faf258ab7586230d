"""`softmax` returns float32 for float16 and bfloat16 arguments, and a row of `-inf` alone comes out as NaN."""

import torch
from torch import Tensor


def softmax(x: Tensor, dim: int) -> Tensor:
    if x.dtype != torch.float64:
        x = x.float()
    x_max, _ = x.max(dim=dim, keepdim=True)
    x_exp = torch.exp(x - x_max.detach())
    return x_exp / x_exp.sum(dim=dim, keepdim=True)
