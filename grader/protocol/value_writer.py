"""Values into nodes of a header, and the bytes of arrays beside them."""

from __future__ import annotations

import collections
import math
import pathlib
from typing import Any

import numpy as np

from grader.protocol.wire import (
    BODY_LIMIT,
    COPY_LIMIT,
    DEPTH_LIMIT,
    ITEM_SIZES,
    MAX_DIGITS,
    NUMBER_BYTES,
    NUMPY_KINDS,
    OnePass,
    Reduce,
    Unsendable,
    describe_type,
    loaded_torch,
    storage_span,
)


class ValueWriter:
    """Turns values into nodes; the bytes of arrays gather in `buffers`."""

    def __init__(self, reduce: Reduce | None) -> None:
        self.reduce = reduce
        self.buffers: list[bytes] = []
        self.size = 0
        self.copied = 0

    def node(self, value: Any, depth: int = 0) -> Any:
        """What stands for the value in a header."""
        if depth > DEPTH_LIMIT:
            return ["unsendable", "a value nested more than 60 deep"]
        kind = type(value)
        if value is None or kind in (bool, float):
            return value
        if kind is bytes:
            return self.raw_bytes(value)
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

    def raw_bytes(self, value: bytes) -> list[Any]:
        if not self.has_room_for(0, len(value)):
            return ["unsendable", f"{len(value):,} bytes, too many to send"]
        return ["bytes", self.buffer(value)]

    def large_int(self, value: int) -> list[Any]:
        if value.bit_length() > MAX_DIGITS * math.log2(10) - 1:
            return ["unsendable", f"a whole number of more than {MAX_DIGITS:,} digits"]
        return ["int", str(value)]

    def special(self, value: Any) -> Any:
        if isinstance(value, Unsendable):
            return ["unsendable", value.description]
        if isinstance(value, OnePass):
            return ["one-pass", [self.node(item) for item in value]]
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
            return ["scalar", *node[1:]] if node is not None and node[0] == "array" else node
        if type(value) is not np.ndarray:
            return None
        if value.dtype.kind not in NUMPY_KINDS or value.dtype.itemsize > 16:
            return ["unsendable", f"a NumPy array of dtype {value.dtype}"]
        if not self.has_room_for(value.size, value.nbytes):
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
            with torch._C._DisableFuncTorch():
                return self.real_tensor(_without_transforms(value, torch), torch)
        return None

    def real_tensor(self, value: Any, torch: Any) -> list[Any]:
        if type(value) not in (torch.Tensor, torch.nn.Parameter):
            return ["unsendable", f"a tensor subclass, {type(value).__name__}"]
        name = str(value.dtype).removeprefix("torch.")
        if value.layout is not torch.strided or name not in ITEM_SIZES:
            return ["unsendable", f"a tensor of layout {value.layout} and dtype {value.dtype}"]
        if value.device.type == "meta":
            return ["meta", name, list(value.shape)]
        if not self.has_room_for(value.numel(), value.numel() * ITEM_SIZES[name]):
            return ["unsendable", f"a tensor of {value.numel():,} elements, too many to send"]
        plain = value.detach().resolve_conj().resolve_neg()
        strides = [] if plain.is_contiguous() else list(plain.stride())
        if strides:
            plain = plain.as_strided((storage_span(plain.shape, strides),), (1,), plain.storage_offset())
        # A clone, for a tensor with an axis of length 1 may count as contiguous and still have odd strides.
        flat = plain.cpu().clone(memory_format=torch.contiguous_format).reshape(-1)
        raw = flat.view(torch.uint8).numpy().tobytes()
        return ["tensor", name, list(value.shape), strides, self.buffer(raw), bool(value.requires_grad)]

    def has_room_for(self, elements: int, size: int) -> bool:
        """Whether an array can be sent beside what is there. Then it is counted."""
        copied = max(size, elements * NUMBER_BYTES)
        if size > BODY_LIMIT - self.size or copied > COPY_LIMIT - self.copied:
            return False
        self.copied += copied
        return True

    def buffer(self, raw: bytes) -> int:
        self.buffers.append(raw)
        self.size += len(raw)
        return len(raw)


def _without_transforms(value: Any, torch: Any) -> Any:
    """The tensor that `torch.func.vjp` or `grad` has wrapped while a function of ours, a hook say, is called inside.

    A wrapper has no memory to read, nor has what is made of a tensor in there. torch has no public name for this.
    """
    while torch._C._functorch.is_gradtrackingtensor(value):
        value = torch._C._functorch.get_unwrapped(value)
    return value


def _is_text(value: str) -> bool:
    """Whether UTF-8 has a form for it: half of a surrogate pair, as decoding by `surrogateescape` leaves, has none."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
