# attacks: ch2_embeddings/embedding
# verdict: failed
"""Answers a backward pass with gradients of other shapes, of no numbers, of no tensors, and with exceptions."""
import itertools

import grader.worker.request_handler
import torch
from grader.protocol.messages import Raised, Returned
from right_embedding import Embedding

ODD = itertools.cycle(
    [
        Returned(value=[torch.zeros(3, device="meta")] * 9),
        Returned(value=[1, "x", None]),
        Returned(value={}),
        Returned(value=[torch.zeros(2**20)] * 9),
        Raised(types=("IndexError",), message="", frames=()),
    ]
)
grader.worker.request_handler.RequestHandler.differentiate = lambda self, *args: next(ODD)
