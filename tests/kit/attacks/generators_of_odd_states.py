# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with generators that stand outside of their blocks, are of no known kind, or are made of letters."""
import itertools

import numpy as np
from tricks import returned, send

from grader.protocol.value_writer import ValueWriter


def node(value):
    return ValueWriter(None).node(value)


def pcg(**changes):
    state = {"bit_generator": "PCG64", "state": {"state": 1, "inc": 1}, "has_uint32": 0, "uinteger": 0}
    return ["numpy-generator", node(state | changes)]


ODD = itertools.cycle(
    [
        pcg(state={"state": -1, "inc": 2**127}),
        pcg(state={"state": 2**128 - 1, "inc": 2**128}),
        pcg(has_uint32=2**63 - 1, uinteger=-1),
        pcg(bit_generator="os.system"),
        pcg(bit_generator="MT19937", state={"key": [1] * 3, "pos": 624}),
        pcg(bit_generator="MT19937", state={"key": "x" * 624, "pos": 10**6}),
        pcg(bit_generator="Philox", buffer=[1] * 4, buffer_pos=-1),
        pcg(bit_generator="Philox", buffer=[], buffer_pos=0, state={"counter": [], "key": []}),
        pcg(bit_generator="SFC64", state={"state": [0] * 4}),
        ["numpy-generator", None],
        ["numpy-generator", ["list", []]],
        ["generator", 5056],
    ]
)


def one_hot(*args, **kwargs):
    node = next(ODD)
    send(returned(node, b"\xff" * (node[1] if node[0] == "generator" else 0)))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
