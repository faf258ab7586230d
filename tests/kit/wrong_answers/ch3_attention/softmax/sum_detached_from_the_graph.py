"""`softmax` computes the sum under `torch.no_grad()`, so no gradient flows through the denominator."""

import torch
from torch import Tensor


def softmax(x: Tensor, dim: int) -> Tensor:
    logits = x.to(torch.promote_types(torch.float32, x.dtype))
    with torch.no_grad():
        row_max = logits.amax(dim=dim, keepdim=True)
        row_max.masked_fill_(row_max.isneginf(), 0.0)
    unnormalized = torch.exp(logits - row_max)
    # normaliser: a constant for each row
    with torch.no_grad():
        partition = unnormalized.sum(dim=dim, keepdim=True)
        partition.masked_fill_(partition.eq(0.0), 1.0)
    return unnormalized.div(partition).to(dtype=x.dtype)
