"""Values as data: the only form in which anything crosses between the tester and a worker.

A payload is `>II` (the sizes of its two parts), a msgpack header and the raw bytes of its arrays. Nothing that
is read here can run code, and every size is checked against the bytes that are there before it is used.
"""

from __future__ import annotations

import collections
import math
import pathlib
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

PREFIX = struct.Struct(">II")
HEADER_LIMIT = 8 * 2**20
BODY_LIMIT = 256 * 2**20
DEPTH_LIMIT = 60
MAX_DIGITS = 4000

ITEM_SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex64": 8, "complex128": 16,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
NUMPY_KINDS = "biufc"
PLAIN_TYPES = (type(None), bool, int, float, str, bytes)
# Where a generator of NumPy stands in its block: used as an index by C code that does not check it.
BLOCK_POSITIONS = {"MT19937": (("state", "pos"), 624), "Philox": (("buffer_pos",), 4)}

Reduce = Callable[[Any], list[Any] | None]
Restore = Callable[[str, list[Any]], Any]


class WireError(Exception):
    """A frame or a value that is not what it says it is."""


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


def join(header: bytes, writer: ValueWriter) -> bytes:
    """A payload as bytes: the sizes of its two parts, the header, and the arrays that the writer met."""
    if len(header) > HEADER_LIMIT or writer.size > BODY_LIMIT:
        raise WireError(f"a value of {len(header) + writer.size:,} bytes is too large to send")
    return b"".join([PREFIX.pack(len(header), writer.size), header, *writer.buffers])


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


def encode(value: Any, reduce: Reduce | None = None) -> bytes:
    """One payload that holds `value`. `reduce` gives the node of a value that the wire itself does not know."""
    writer = ValueWriter(reduce)
    return join(msgspec.msgpack.encode(writer.node(value)), writer)


def decode(data: bytes, restore: Restore | None = None) -> Any:
    """The value of a payload, copied out of it."""
    payload = split(data)
    try:
        node = msgspec.msgpack.decode(payload.header)
    except Exception as error:  # whatever a library raises here, the frame is to blame
        raise WireError(f"the header is not msgpack: {error}") from None
    reader = ValueReader(payload.body, restore)
    value = reader.value(node)
    reader.end()
    return value


class ValueWriter:
    """Turns values into nodes; the bytes of arrays gather in `buffers`."""

    def __init__(self, reduce: Reduce | None) -> None:
        self.reduce = reduce
        self.buffers: list[bytes] = []
        self.size = 0

    def node(self, value: Any, depth: int = 0) -> Any:
        """What stands for the value in a header."""
        if depth > DEPTH_LIMIT:
            return ["unsendable", "a value nested more than 60 deep"]
        kind = type(value)
        if value is None or kind in (bool, float, bytes):
            return value
        if kind is str:
            return value if _is_text(value) else ["unsendable", "a string that is no text: half of a surrogate pair"]
        if kind is int:
            return value if -(2**63) <= value < 2**63 else self.large_int(value)
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, [self.node(item, depth + 1) for item in value]]
        if kind in (dict, collections.Counter, collections.OrderedDict, collections.defaultdict):
            tag = "counter" if kind is collections.Counter else "dict"
            return [tag, [[self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in value.items()]]
        return self.special(value)

    def large_int(self, value: int) -> list[Any]:
        if value.bit_length() > MAX_DIGITS * math.log2(10) - 1:
            return ["unsendable", f"a whole number of more than {MAX_DIGITS:,} digits"]
        return ["int", str(value)]

    def special(self, value: Any) -> Any:
        if isinstance(value, Unsendable):
            return ["unsendable", value.description]
        for describe in (self.reduce, self.plain_object, self.array, self.tensor):
            node = describe(value) if describe is not None else None
            if node is not None:
                return node
        return ["unsendable", describe_type(value)]

    def plain_object(self, value: Any) -> list[Any] | None:
        kind = type(value)
        if kind is slice:
            return ["slice", [self.node(part) for part in (value.start, value.stop, value.step)]]
        if value is Ellipsis:
            return ["ellipsis"]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if isinstance(value, pathlib.PurePath) and _is_text(str(value)):
            return ["path", str(value)]
        if isinstance(value, np.random.Generator):
            return ["numpy-generator", self.node(value.bit_generator.state)]
        return None

    def array(self, value: Any) -> list[Any] | None:
        if isinstance(value, np.generic):
            node = self.array(np.asarray(value))
            return None if node is None else ["scalar", *node[1:]]
        if type(value) is not np.ndarray:
            return None
        if value.dtype.kind not in NUMPY_KINDS or value.dtype.itemsize > 16:
            return ["unsendable", f"a NumPy array of dtype {value.dtype}"]
        if value.nbytes > BODY_LIMIT - self.size:
            return ["unsendable", f"a NumPy array of {value.size:,} elements, too many to send"]
        plain = value.astype(value.dtype.newbyteorder("<"), copy=False)
        return ["array", plain.dtype.str, list(value.shape), self.buffer(plain.tobytes())]

    def tensor(self, value: Any) -> list[Any] | None:
        torch = loaded_torch()
        if torch is None:
            return None
        if isinstance(value, torch.dtype | torch.device):
            return [type(value).__name__, str(value).removeprefix("torch.")]
        if isinstance(value, torch.Size):
            return ["tuple", list(value)]
        if isinstance(value, torch.Generator):
            return ["generator", self.buffer(value.get_state().numpy().tobytes())]
        if isinstance(value, torch.Tensor):
            return self.real_tensor(value, torch)
        return None

    def real_tensor(self, value: Any, torch: Any) -> list[Any]:
        if type(value) not in (torch.Tensor, torch.nn.Parameter):
            return ["unsendable", f"a tensor subclass, {type(value).__name__}"]
        name = str(value.dtype).removeprefix("torch.")
        if value.layout is not torch.strided or name not in ITEM_SIZES:
            return ["unsendable", f"a tensor of layout {value.layout} and dtype {value.dtype}"]
        if value.device.type == "meta":
            return ["meta", name, list(value.shape)]
        if value.numel() * ITEM_SIZES[name] > BODY_LIMIT - self.size:
            return ["unsendable", f"a tensor of {value.numel():,} elements, too many to send"]
        plain = value.detach().resolve_conj().resolve_neg()
        strides = [] if plain.is_contiguous() else list(plain.stride())
        if strides:
            plain = plain.as_strided((storage_span(plain.shape, strides),), (1,), plain.storage_offset())
        # A clone, for a tensor with an axis of length 1 may count as contiguous and still have odd strides.
        flat = plain.cpu().clone(memory_format=torch.contiguous_format).reshape(-1)
        raw = flat.view(torch.uint8).numpy().tobytes()
        return ["tensor", name, list(value.shape), strides, self.buffer(raw), bool(value.requires_grad)]

    def buffer(self, raw: bytes) -> int:
        self.buffers.append(raw)
        self.size += len(raw)
        return len(raw)


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
        result = dict(items)
        if len(result) != len(items):
            raise WireError("a mapping names a key twice")
        return collections.Counter(result) if tag == "counter" else result

    def read_int(self, digits: str) -> int:
        if type(digits) is not str or len(digits) > MAX_DIGITS + 1:  # a sign may come first
            raise WireError("an integer that is no text, or of too many digits")
        return int(digits)

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
        self.claim(math.prod(shape) * ITEM_SIZES[dtype])
        flat = torch.frombuffer(bytearray(raw), dtype=kind) if size else torch.empty(0, dtype=kind)
        tensor = flat.as_strided(shape, strides) if strides else flat.reshape(shape)
        return tensor.requires_grad_() if requires_grad else tensor

    def read_generator(self, size: int) -> Any:
        torch = self.torch()
        raw = self.take(size, [size], 1)
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

    def claim(self, size: int) -> None:
        """Count what a tensor would hold if it were copied: a view of one number may call itself a billion."""
        self.claimed += size
        if self.claimed > BODY_LIMIT:
            raise WireError("a tensor is far larger than its frame")

    def take(self, size: int, shape: list[int], item: int) -> memoryview:
        if size != math.prod(shape) * item:
            raise WireError(f"shape {shape} does not need {size:,} bytes")
        if size > len(self.body) - self.position:
            raise WireError("an array is longer than its frame")
        self.position += size
        return self.body[self.position - size : self.position]


def checked_shape(shape: list[int]) -> list[int]:
    """The shape, once it is a short list of sizes that are not negative."""
    if len(shape) > 32 or any(type(n) is not int or not 0 <= n < 2**40 for n in shape):
        raise WireError(f"shape {str(shape)[:80]}")
    return list(shape)


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


def storage_span(shape: Iterable[int], strides: Iterable[int]) -> int:
    """How many stored elements a strided view reaches over."""
    shape, strides = list(shape), list(strides)
    if len(shape) != len(strides) or any(type(n) is not int or not 0 <= n < 2**40 for n in strides):
        raise WireError("strides that do not fit the shape")
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))


def _is_text(value: str) -> bool:
    """Whether UTF-8 has a form for it: half of a surrogate pair, as decoding by `surrogateescape` leaves, has none."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def describe_type(value: Any) -> str:
    """What a value is, without asking it anything."""
    kind = type(value)
    return f"an object of type {kind.__name__}"
