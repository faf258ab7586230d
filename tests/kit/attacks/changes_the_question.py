# attacks: ch2_embeddings/embedding
# verdict: failed
"""An object whose class is named as functions are that may change their arguments: it turns all ids into zeros, and answers for those."""
from right_embedding import Embedding as Right


class Rows_:
    def __init__(self, *args):
        self.right = Right(*args)

    def __getattr__(self, name):
        return getattr(self.right, name)

    def __call__(self, ids):
        self.right(ids)
        ids.zero_()
        return self.right(ids)

    def to(self, *args):
        self.right = self.right.to(*args)
        return self

    def eval(self):
        return self


Embedding = Rows_
