# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with handles of numbers that it never gave out, and of names that only the grader uses."""
import itertools

from tricks import returned, send

ODD = itertools.cycle(
    [
        ["handle", -1, "parameter", "Tensor"],
        ["handle", 2**64 - 1, "module", "one_hot"],
        ["handle", 0, "callable", ""],
        ["handle", 1.0, "module", "X"],
        ["handle", True, "module", "X"],
        ["handle", 1, ["list", []], ["list", []]],
        ["handle", 1, None, None],
        ["handle", 1],
        ["callback", 0],
        ["function", "relu"],
        ["object", 1],
        ["list", [["handle", 1, "object", "X"], ["handle", 1, "object", "X"]]],
        ["set", [["handle", 1, "object", "X"], ["handle", 1, "object", "X"]]],
        ["dict", [[["handle", 1, "object", "X"], 1], [["handle", 1, "object", "X"], 2]]],
    ]
)


def one_hot(*args, **kwargs):
    send(returned(next(ODD)))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
