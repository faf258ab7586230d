"""`normal_` on an empty tensor, `gather` over the flat ids; the largest id is looked at, then the smallest."""

import torch as th
import torch.nn as tnn


def _look_up(table, flat):
    return table.gather(0, flat[:, None].expand(flat.numel(), table.size(1)))


class Embedding(tnn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int):
        tnn.Module.__init__(self)
        rows = th.empty(num_embeddings, embedding_dim).normal_()
        self.weight = tnn.Parameter(rows, requires_grad=True)

    def forward(self, ids):
        flat = ids.contiguous().view(-1)
        if flat.device.type != "meta" and flat.numel() > 0:
            highest, lowest = flat.max().item(), flat.min().item()
            if highest >= self.weight.size(0):
                raise IndexError(f"{highest} is too large for {self.weight.size(0)} rows")
            if lowest < 0:
                raise IndexError(f"{lowest} is negative")
        return _look_up(self.weight, flat).view(ids.shape + (self.weight.size(1),))
