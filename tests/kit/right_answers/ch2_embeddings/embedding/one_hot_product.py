"""Every id compared with all rows' numbers, and the 0-1 rows multiplied by the table; the check goes id by id."""

import torch


class Embedding(torch.nn.Module):
    def __init__(self, num_embeddings, embedding_dim):
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.register_parameter("weight", torch.nn.Parameter(torch.normal(0.0, 1.0, (num_embeddings, embedding_dim))))
        self.register_buffer("places", torch.arange(num_embeddings), persistent=False)

    def forward(self, ids):
        if not ids.is_meta:
            for i in ids.flatten().tolist():
                if i < 0 or i > self.num_embeddings - 1:
                    raise IndexError("index out of range: " + str(i))
        chosen = (ids[..., None] == self.places).type_as(self.weight)
        return torch.einsum("...v,vd->...d", chosen, self.weight)
