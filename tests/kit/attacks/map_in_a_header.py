# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with a map of msgpack's own, whose keys are lists that would become tuples of one hash."""
import msgspec
from tricks import send

ENTRIES = 200_000


def one_hot(ids, vocab_size):
    inner = b"".join(b"\x92" + msgspec.msgpack.encode(k * (2**61 - 1) % 2**64) + b"\x01\x00" for k in range(ENTRIES))
    node = b"\xdf" + ENTRIES.to_bytes(4, "big") + inner
    header = b"\x95" + msgspec.msgpack.encode("Returned") + node + msgspec.msgpack.encode(None) * 3
    send(b"\x02" + len(header).to_bytes(4, "big") + bytes(4) + header)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
