# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with frames that are right but for one byte too many or too few, in the header or behind it."""
import itertools

import msgspec
from tricks import send

HEADER = msgspec.msgpack.encode(["Returned", ["array", "<f8", [1, 1], 8], ["dict", []], 1, None])


def joined(header, body, more=0, fewer=0):
    return b"\x02" + (len(header) + more).to_bytes(4, "big") + (len(body) + fewer).to_bytes(4, "big") + header + body


FRAMES = itertools.cycle(
    [
        joined(HEADER + b"\xc0", bytes(8)),
        joined(HEADER, bytes(9)),
        joined(HEADER[:-1], bytes(8)),
        joined(HEADER, bytes(7)),
        joined(HEADER, bytes(8), more=1, fewer=-1),
        joined(HEADER, bytes(8)) + b"\x02",
        joined(b"", b""),
        b"\x02",
    ]
)


def one_hot(*args, **kwargs):
    send(next(FRAMES))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
