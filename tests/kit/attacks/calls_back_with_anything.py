# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Calls functions of the grader with arguments that are none, with a number beyond all bounds, and without end."""
import itertools

from tricks import CALLBACK, frame, send

EMPTY = ["list", []], ["dict", []]
CALLS = itertools.cycle(
    [
        ["CallBack", 0, ["dict", []], ["list", []]],
        ["CallBack", 2**64 - 1, *EMPTY],
        ["CallBack", -(2**63), *EMPTY],
        ["CallBack", 0.0, *EMPTY],
        ["CallBack", True, *EMPTY],
        ["CallBack", 0, ["list", [["handle", 1, "callable", "f"]] * 1000], ["dict", [[1, 2], [["tuple", []], 3]]]],
        ["CalledBack", 1],
        ["CallBackFailed", "x"],
    ]
)


def one_hot(*args, **kwargs):
    send(frame(next(CALLS), kind=CALLBACK))
    send(frame(next(CALLS), kind=CALLBACK) * 1000)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
