"""Values as data: the only form in which anything crosses between the tester and a worker."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.protocol.value_reader import ValueReader
from grader.protocol.value_writer import ValueWriter
from grader.protocol.wire import NODES, Reduce, Restore, WireError, join, split


def encode(value: Any, reduce: Reduce | None = None) -> bytes:
    """One payload that holds `value`. `reduce` gives the node of a value that the wire itself does not know."""
    writer = ValueWriter(reduce)
    return join(msgspec.msgpack.encode(writer.node(value)), writer.buffers)


def decode(data: bytes, restore: Restore | None = None) -> Any:
    """The value of a payload, copied out of it."""
    payload = split(data)
    try:
        node = NODES.decode(payload.header)
    except Exception as error:  # whatever a library raises here, the frame is to blame
        raise WireError(f"the header is not msgpack: {error}") from None
    reader = ValueReader(payload.body, restore)
    value = reader.value(node)
    reader.end()
    return value
