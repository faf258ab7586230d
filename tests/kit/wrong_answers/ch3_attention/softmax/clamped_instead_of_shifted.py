"""`softmax` clamps the entries to at most 80 in place of subtracting the largest, so large entries all weigh the
same."""

import torch
from torch import Tensor

MAX_EXPONENT = 80.0


def softmax(x: Tensor, dim: int) -> Tensor:
    """exp over the sum of exp, along one axis."""
    y = x.to(torch.promote_types(x.dtype, torch.float32))
    # exp(89) is infinity in float32
    y = torch.exp(y.clamp(max=MAX_EXPONENT))
    norm = y.sum(dim, keepdim=True)
    norm = norm + (norm == 0).to(norm.dtype)
    return (y / norm).to(x.dtype)
