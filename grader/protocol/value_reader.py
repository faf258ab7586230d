"""Nodes of a header back into values. Nothing that is read here can run code; what is odd about it is a `WireError`."""

from __future__ import annotations

import collections
import math
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from grader.protocol.wire import (
    COPY_LIMIT,
    DEPTH_LIMIT,
    ITEM_SIZES,
    MAX_DIGITS,
    MOST_OF_ONE_HASH,
    NUMBER_BYTES,
    NUMPY_KINDS,
    Restore,
    Unsendable,
    WireError,
    loaded_torch,
    storage_span,
)

PLAIN_TYPES = (type(None), bool, int, float, str)
# Where a generator of NumPy stands in its block: used as an index by C code that does not check it.
BLOCK_POSITIONS = {"MT19937": (("state", "pos"), 624), "Philox": (("buffer_pos",), 4)}
LARGEST_PRODUCT = 2**58  # of sizes: times 16 bytes, this is below the largest index


class ValueReader:
    """Turns nodes back into values, taking each array's bytes from the body in order."""

    def __init__(self, body: memoryview, restore: Restore | None) -> None:
        self.body = body
        self.position = 0
        self.claimed = 0
        self.restore = restore

    def value(self, node: Any) -> Any:
        """The value of a node. Whatever is wrong with it is a `WireError`."""
        try:
            return self.nested(node, 0)
        except WireError:
            raise
        except Exception as error:  # whatever a library raises here, the frame is to blame
            raise WireError(f"a node is malformed: {str(error)[:200]}") from None

    def end(self) -> None:
        """Every byte of the body belongs to an array that was read."""
        if self.position != len(self.body):
            raise WireError(f"{len(self.body) - self.position:,} bytes belong to no array")

    def nested(self, node: Any, depth: int) -> Any:
        if depth > DEPTH_LIMIT:
            raise WireError("a value is nested too deep")
        if not isinstance(node, list):
            if type(node) not in PLAIN_TYPES:
                raise WireError(f"a bare {type(node).__name__} is not a node")
            return node
        if not node or not isinstance(node[0], str):
            raise WireError("a node without a tag")
        tag, rest = node[0], node[1:]
        if tag in ("list", "tuple", "set", "frozenset"):
            items = [self.nested(item, depth + 1) for item in rest[0]]
            if tag in ("set", "frozenset"):
                check_spread(items)
            return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[tag](items)
        if tag in ("dict", "counter"):
            return self.mapping(tag, rest[0], depth)
        method = getattr(self, "read_" + tag.replace("-", "_"), None)
        if method is not None:
            return method(*rest)
        if self.restore is None:
            raise WireError(f"unknown tag {tag[:40]!r}")
        return self.restore(tag, rest)

    def mapping(self, tag: str, pairs: Iterable[Any], depth: int) -> Any:
        items = [(self.nested(k, depth + 1), self.nested(v, depth + 1)) for k, v in pairs]
        check_spread([key for key, _ in items])
        result = dict(items)
        if len(result) != len(items):
            raise WireError("a mapping names a key twice")
        return collections.Counter(result) if tag == "counter" else result

    def read_bytes(self, size: int) -> bytes:
        self.claim(0, size)
        return bytes(self.take(size, checked_shape([size]), 1))

    def read_int(self, digits: str) -> int:
        if type(digits) is not str or len(digits) > MAX_DIGITS + 1:  # a sign may come first
            raise WireError("an integer that is no text, or of too many digits")
        return int(digits)

    def read_one_pass(self, items: list[Any]) -> Iterator[Any]:
        return iter([self.nested(item, 1) for item in items])

    def read_slice(self, parts: list[Any]) -> slice:
        start, stop, step = (self.nested(part, 0) for part in parts)
        return slice(start, stop, step)

    def read_ellipsis(self) -> Any:
        return Ellipsis

    def read_complex(self, real: float, imag: float) -> complex:
        return complex(real, imag)

    def read_path(self, text: str) -> pathlib.Path:
        return pathlib.Path(text)

    def read_unsendable(self, description: str) -> Unsendable:
        return Unsendable(str(description)[:300])

    def read_numpy_generator(self, node: Any) -> np.random.Generator:
        state = self.nested(node, 0)
        _check_block_position(state)
        bits = {"PCG64": np.random.PCG64, "MT19937": np.random.MT19937, "Philox": np.random.Philox}
        generator = np.random.Generator(bits[state["bit_generator"]]())
        generator.bit_generator.state = state
        return generator

    def read_array(self, dtype: str, shape: list[int], size: int) -> np.ndarray:
        if type(dtype) is not str or len(dtype) > 4:
            raise WireError("an array of an unknown dtype")
        kind = np.dtype(dtype)
        if kind.kind not in NUMPY_KINDS:
            raise WireError(f"an array of dtype {kind}")
        raw = self.take(size, checked_shape(shape), kind.itemsize)
        if kind.kind == "b":
            check_booleans(raw)
        self.claim(math.prod(shape), len(raw))
        return np.frombuffer(raw, dtype=kind).reshape(shape).copy()

    def read_scalar(self, dtype: str, shape: list[int], size: int) -> Any:
        if shape != []:
            raise WireError("a scalar with a shape")
        return self.read_array(dtype, shape, size)[()]

    def read_meta(self, dtype: str, shape: list[int]) -> Any:
        torch = self.torch()
        return torch.empty(checked_shape(shape), dtype=self.dtype(dtype), device="meta")

    def read_tensor(self, dtype: str, shape: list[int], strides: list[int], size: int, requires_grad: bool) -> Any:
        torch, kind = self.torch(), self.dtype(dtype)
        stored = [storage_span(checked_shape(shape), strides)] if strides else shape
        raw = self.take(size, checked_shape(stored), ITEM_SIZES[dtype])
        if dtype == "bool":
            check_booleans(raw)
        self.claim(math.prod(shape), math.prod(shape) * ITEM_SIZES[dtype])
        flat = torch.frombuffer(bytearray(raw), dtype=kind) if size else torch.empty(0, dtype=kind)
        tensor = flat.as_strided(shape, strides) if strides else flat.reshape(shape)
        return tensor.requires_grad_() if requires_grad else tensor

    def read_generator(self, size: int) -> Any:
        torch = self.torch()
        raw = self.take(size, checked_shape([size]), 1)
        generator = torch.Generator()
        generator.set_state(torch.frombuffer(bytearray(raw), dtype=torch.uint8))
        return generator

    def read_dtype(self, name: str) -> Any:
        return self.dtype(name)

    def read_device(self, name: str) -> Any:
        if name not in ("cpu", "meta"):
            raise WireError(f"device {name[:20]!r}")
        return self.torch().device(name)

    def dtype(self, name: str) -> Any:
        if name not in ITEM_SIZES:
            raise WireError(f"dtype {name[:40]!r}")
        return getattr(self.torch(), name)

    def torch(self) -> Any:
        torch = loaded_torch()
        if torch is None:
            raise WireError("a tensor came in an exercise that uses NumPy alone")
        return torch

    def claim(self, elements: int, size: int) -> None:
        """Count what an array holds once it is copied: a view of one number may call itself a billion."""
        self.claimed += max(size, elements * NUMBER_BYTES)
        if self.claimed > COPY_LIMIT:
            raise WireError(f"arrays that take more than {COPY_LIMIT // 2**20} MB to compare")

    def take(self, size: int, shape: list[int], item: int) -> memoryview:
        if size != math.prod(shape) * item:
            raise WireError(f"shape {shape} does not need {size:,} bytes")
        if size > len(self.body) - self.position:
            raise WireError("an array is longer than its frame")
        self.position += size
        return self.body[self.position - size : self.position]


def checked_shape(shape: list[int]) -> list[int]:
    """The shape, once it is a short list of sizes that are not negative, and whose product has room in an index.

    NumPy multiplies the axes that hold something even where another holds nothing.
    """
    if len(shape) > 32 or any(type(n) is not int or not 0 <= n < 2**40 for n in shape):
        raise WireError(f"shape {str(shape)[:80]}")
    if math.prod(n or 1 for n in shape) > LARGEST_PRODUCT:
        raise WireError(f"shape {str(shape)[:80]} is of no array")
    return list(shape)


def check_spread(keys: list[Any]) -> None:
    """Refuse what is slow to put into a set: each of many keys of one hash is compared with all before it."""
    if len(keys) > MOST_OF_ONE_HASH:
        ((_, most),) = collections.Counter(map(hash, keys)).most_common(1)
        if most > MOST_OF_ONE_HASH:
            raise WireError(f"{most:,} keys of one hash")


def check_booleans(raw: memoryview) -> None:
    """A boolean is 0 or 1; any other byte is true to one operation and not equal to true for the next."""
    if len(raw) and int(np.frombuffer(raw, dtype=np.uint8).max()) > 1:
        raise WireError("a boolean that is neither true nor false")


def _check_block_position(state: dict[str, Any]) -> None:
    path, highest = BLOCK_POSITIONS.get(state["bit_generator"], ((), 0))
    if path:
        place: Any = state
        for name in path:
            place = place[name]
        if type(place) is not int or not 0 <= place <= highest:
            raise WireError("a generator that stands outside of its block")
