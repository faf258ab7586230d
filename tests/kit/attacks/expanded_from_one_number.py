# attacks: ch2_embeddings/embedding
# verdict: failed
"""Returns views of one number that call themselves hundreds of millions of numbers."""
import torch


class Embedding(torch.nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()).expand(2**14, 2**13))

    def forward(self, ids):
        return torch.zeros((), dtype=torch.bool).expand(2**27)
