# attacks: ch2_embeddings/embedding
# verdict: failed
"""Puts new tensors on the device that has shapes and no numbers, whatever is asked for."""
import torch
from right_embedding import Embedding

torch.set_default_device("meta")
