# attacks: ch2_embeddings/embedding
# verdict: failed
"""Gives torch's own operators other kernels, by which each look-up finds zeros."""
import torch
from right_embedding import Embedding

library = torch.library.Library("aten", "IMPL")
library.impl("index.Tensor", lambda self, indices: torch.zeros_like(self), "CPU")
library.impl("randn", lambda *args, **kwargs: torch.zeros(3, 3), "CPU")
