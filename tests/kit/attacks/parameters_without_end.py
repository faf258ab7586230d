# attacks: ch2_embeddings/embedding
# verdict: timeout
# stop-early: yes
"""A module whose parameters have no end."""
from right_embedding import Embedding as Right


class Embedding(Right):
    def named_parameters(self, *args, **kwargs):
        while True:
            yield "weight", self.weight

    def parameters(self, *args, **kwargs):
        while True:
            if self is None:
                yield
