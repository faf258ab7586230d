# attacks: ch2_embeddings/embedding
# verdict: failed
"""A module that lies about its parameters, its state, its name and its gradients."""
import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, rows, columns):
        super().__init__()
        self.shape = (rows, columns)

    def named_parameters(self, *args, **kwargs):
        weight = nn.Parameter(torch.randn(self.shape))
        weight.grad = torch.zeros(self.shape)
        yield "weight", weight

    def load_state_dict(self, state, *args, **kwargs):
        return "<All keys matched successfully>"

    def state_dict(self, *args, **kwargs):
        return {"weight": torch.randn(self.shape)}

    def forward(self, ids):
        return torch.randn(*ids.shape, self.shape[1], dtype=torch.float64, requires_grad=True)
