"""What a value looks like on its way: the two parts of a payload, their limits, and what cannot cross.

A payload is `>II` (the sizes of its two parts), a msgpack header and the raw bytes of its arrays. Every size is checked
against the bytes that are there before it is used, and so is what it will cost to use.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

PREFIX = struct.Struct(">II")
HEADER_LIMIT = 8 * 2**20
BODY_LIMIT = 256 * 2**20
DEPTH_LIMIT = 60
MAX_DIGITS = 4000
COPY_LIMIT = 128 * 2**20  # of all arrays of a payload as float64, which is how they are compared
NUMBER_BYTES = 8
MOST_OF_ONE_HASH = 64  # 1, 1.0 and True share one, and so do -1 and -2; a thousand only by intent

ITEM_SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex64": 8, "complex128": 16,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
NUMPY_KINDS = "biufc"
Reduce = Callable[[Any], list[Any] | None]
Restore = Callable[[str, list[Any]], Any]


def _nested_lists(depth: int) -> Any:
    """The type of lists in lists of plain values, so deep and no deeper: nothing in it has to be hashed to be read.

    A mapping of three levels is its tag beside a list of pairs.
    """
    kind: Any = None | bool | int | float | str
    for _ in range(depth):
        kind = None | bool | int | float | str | list[kind]
    return kind


NODES: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(_nested_lists(3 * DEPTH_LIMIT + 4))


class WireError(Exception):
    """A frame or a value that is not what it says it is."""


class OnePass(list[Any]):
    """Values that arrive as an iterator: whoever goes through them a second time finds none."""

    @property
    def kit_description(self) -> str:
        return f"an iterator over {len(self)} value{'s' * (len(self) != 1)}"


class Unsendable:
    """Stands for a value that cannot cross: only its description does.

    It answers nothing, so that a suite which uses it fails with a sentence about it.
    """

    def __init__(self, description: str) -> None:
        self.description = description

    def __repr__(self) -> str:
        return self.description


def loaded_torch() -> Any:
    """torch if this process has imported it: exercises in NumPy are judged without it."""
    return sys.modules.get("torch")


@dataclass(frozen=True)
class Payload:
    """The two parts of a message: its header, and the bytes of its arrays."""

    header: bytes
    body: memoryview


def join(header: bytes, buffers: list[bytes]) -> bytes:
    """A payload as bytes: the sizes of its two parts, the header, and the arrays' bytes."""
    size = sum(map(len, buffers))
    if len(header) > HEADER_LIMIT or size > BODY_LIMIT:
        raise WireError(f"a value of {len(header) + size:,} bytes is too large to send")
    return b"".join([PREFIX.pack(len(header), size), header, *buffers])


def check_prefix(prefix: bytes) -> tuple[int, int]:
    """The sizes of header and body, checked before a byte of either is read."""
    header, body = PREFIX.unpack(prefix)
    if header > HEADER_LIMIT or body > BODY_LIMIT:
        raise WireError(f"a frame claims {header:,} + {body:,} bytes, more than is allowed")
    return header, body


def split(data: bytes | memoryview) -> Payload:
    """The parts of a payload held in memory."""
    if len(data) < PREFIX.size:
        raise WireError("the frame is shorter than its prefix")
    header, body = check_prefix(bytes(data[: PREFIX.size]))
    start = PREFIX.size
    if len(data) != start + header + body:
        raise WireError("the frame is not as long as it says")
    return Payload(bytes(data[start : start + header]), memoryview(data)[start + header :])


def storage_span(shape: Iterable[int], strides: Iterable[int]) -> int:
    """How many stored elements a strided view reaches over."""
    shape, strides = list(shape), list(strides)
    if len(shape) != len(strides) or any(type(n) is not int or not 0 <= n < 2**40 for n in strides):
        raise WireError("strides that do not fit the shape")
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))


def describe_type(value: Any) -> str:
    """What a value is, without asking it anything."""
    kind = type(value)
    return f"an object of type {kind.__name__}"
