# attacks: ch2_embeddings/embedding
# verdict: failed
"""Answers with tensors that overlap themselves, have no numbers and huge shapes, or sizes that are no whole numbers."""
import itertools

from tricks import returned, send

ODD = itertools.cycle(
    [
        ["tensor", "float32", [2**12, 2**12], [0, 0], 4, True],
        ["tensor", "float32", [2**39, 0, 2**39], [2**39, 2**39, 2**39], 0, True],
        ["tensor", "float32", [0] * 32, [], 0, False],
        ["tensor", "float32", [1] * 32, [0] * 32, 4, True],
        ["tensor", "float32", [1] * 40, [], 4, False],
        ["tensor", "float32", [2.0, 0.5], [], 4, False],
        ["tensor", "float32", [True], [], 4, False],
        ["tensor", "float32", [1], [-1], 4, False],
        ["tensor", "float32", [1, 1], [2**39, 2**39], 4, False],
        ["tensor", "int64", [1], [], 8, True],
        ["tensor", "bool", [4], [], 4, True],
        ["meta", "float32", [2**39] * 30],
        ["meta", "float32", [2**30, 2**30]],
        ["dtype", "float64"],
        ["device", "cuda"],
        ["tuple", []],
    ]
)


class Embedding:
    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, ids):
        send(returned(next(ODD), b"abcd"))

    def to(self, *args):
        return self

    def load_state_dict(self, state):
        return self

    def state_dict(self):
        self(0)
