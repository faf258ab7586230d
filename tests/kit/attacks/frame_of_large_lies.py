# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with arrays that are not what they say: sizes, types, ranks, strides, overflows."""
from tricks import returned, send

LIES = iter(
    [
        ["array", "<f8", [2**39, 2**39], 0],
        ["array", "|O", [1], 8],
        ["array", "<f8", [-1], 8],
        ["array", "<f8", [1] * 100, 8],
        ["array", "<f8", [10**6], 8 * 10**6],
        ["array", "f8,f8", [1], 8],
        ["tensor", "float64", [2**37], [0], 8, False],
        ["tensor", "bool", [8], [], 8, False],
        ["tensor", "__class__", [8], [], 8, False],
        ["dict", [["value", 1], ["value", 2]]],
        ["handle", "x", "module", "X"],
        ["handle", 1, "module", "X"],
        ["int", "9" * 10**5],
        {"value": 1},
    ]
    * 3
)


def one_hot(*args, **kwargs):
    body = bytes([7]) * 8
    send(returned(next(LIES), body))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
