"""Frames: every kind of value comes back as it went, and a hostile frame is a WireError and nothing else."""

from __future__ import annotations

import collections
import math
import pathlib
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.protocol import wire
from grader.protocol.values import decode, encode

QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
# fmt: off
TAGS = [
    "list", "tuple", "set", "frozenset", "dict", "counter", "int", "slice", "ellipsis", "complex",
    "path", "unsendable", "numpy-generator", "array", "scalar", "meta", "tensor", "generator", "dtype",
    "device", "handle", "callback", "function", "mapping", "dtype", "torch", "take", "claim",
    "value", "read",
]
# fmt: on

plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=8), st.binary(max_size=8)
)
values = st.recursive(
    st.one_of(plain, st.complex_numbers(), st.just(Ellipsis)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=4),
        st.frozensets(st.text(max_size=4) | st.integers(), max_size=4),
    ),
    max_leaves=12,
)
numbers = st.one_of(
    st.integers(-3, 6), st.sampled_from([2**31, 2**32, 2**39, 2**40, 2**63 - 1, -(2**63)]), st.booleans(), st.floats()
)
nodes = st.recursive(
    st.one_of(plain.filter(lambda x: type(x) is not int or -(2**63) <= x < 2**63), numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(st.sampled_from(TAGS), inner, inner, inner).map(list),
        st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=5)).map(list),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=15,
)
array_nodes = st.tuples(
    st.sampled_from(["array", "scalar"]),
    st.sampled_from(["<f8", ">f8", "<i4", "|b1", "<c16", "|O", "O", "<M8", "|V8", "<U4", "f8,f8", "<f3", "", "S0"]),
    st.lists(numbers, max_size=4),
    numbers,
).map(list)
tensor_nodes = st.tuples(
    st.just("tensor"),
    st.sampled_from([*wire.ITEM_SIZES, "quint8", "float", "__class__", ""]),
    st.lists(numbers, max_size=4),
    st.lists(numbers, max_size=4),
    numbers,
    st.booleans(),
).map(list)


def framed(node: Any, body: bytes = b"") -> bytes:
    header = msgspec.msgpack.encode(node)
    return wire.PREFIX.pack(len(header), len(body)) + header + body


def values_match(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or a == b
    if isinstance(a, complex) and isinstance(b, complex):
        return values_match(a.real, b.real) and values_match(a.imag, b.imag)
    if type(a) in (list, tuple) and type(a) is type(b):
        return len(a) == len(b) and all(values_match(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is dict and type(b) is dict:
        return list(a) == list(b) and all(values_match(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def refused_or_read(frame: bytes) -> None:
    """Decode a frame of which nothing is known. Any exception but WireError fails the test."""
    try:
        decode(frame)
    except wire.WireError:
        return


# -- round trips --------------------------------------------------------------------------------------------


@QUICK
@given(values)
def test_plain_values_come_back(value: Any) -> None:
    assert values_match(decode(encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2, "x"},
        collections.Counter("banana"),
        pathlib.Path("a/b"),
        slice(1, None, -2),
        10**3000,
        [np.float32(1.5), np.int64(-3), np.bool_(True)],
        torch.float16,
        torch.device("cpu"),
        "a\x00b\ud7ff🤗",
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_come_back(value: Any) -> None:
    actual = decode(encode(value))
    assert actual == value and type(actual) is type(value)


@pytest.mark.parametrize("name", wire.ITEM_SIZES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 2), (2, 0, 4)], ids=str)
def test_tensors_come_back(name: str, shape: tuple[int, ...]) -> None:
    dtype = getattr(torch, name)
    value = (torch.arange(math.prod(shape)).reshape(shape) % 2).to(dtype)
    actual = decode(encode(value))
    assert actual.dtype == dtype and actual.shape == value.shape and torch.equal(actual, value)


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", "|u1", "|b1", "<c16"])
def test_arrays_come_back(dtype: str) -> None:
    value = np.arange(6).reshape(2, 3).astype(dtype)
    actual = decode(encode(value))
    assert (
        actual.dtype == value.dtype.newbyteorder("<")
        and (actual == value).all()
        and actual.flags.owndata | actual.flags.writeable
    )


def test_strides_gradients_and_meta_come_back() -> None:
    value = torch.arange(12.0).reshape(3, 4).t()[1:]
    actual = decode(encode(value.requires_grad_()))
    assert actual.stride() == value.stride() and torch.equal(actual, value) and actual.requires_grad
    expanded = torch.ones(1, 3).expand(5, 3)
    assert decode(encode(expanded)).stride() == (0, 1)
    assert decode(encode(torch.empty(2, 3, device="meta"))).device.type == "meta"


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox"])
def test_generators_come_back_where_they_were(kind: str) -> None:
    generator = np.random.Generator(getattr(np.random, kind)(7))
    generator.random(3)
    actual = decode(encode(generator))
    assert (actual.random(700) == generator.random(700)).all()
    theirs = torch.Generator().manual_seed(3)
    torch.rand(5, generator=theirs)
    actual = decode(encode(theirs))
    assert torch.equal(torch.rand(9, generator=actual), torch.rand(9, generator=theirs))


@pytest.mark.parametrize(
    "value",
    [
        object(),
        torch.ones(2).to_sparse(),
        torch.nn.Buffer(torch.ones(2)).as_subclass(type("Liar", (torch.Tensor,), {})),
        np.array([object()]),
        np.array(["text"]),
        np.ma.masked_array([1.0], [True]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_cross_is_described(value: Any) -> None:
    assert isinstance(decode(encode(value)), wire.Unsendable)


# -- hostile frames -----------------------------------------------------------------------------------------


@QUICK
@given(st.binary(max_size=64))
@example(b"")
@example(b"\xff" * 8)
@example(b"\x00" * 8)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    refused_or_read(data)
    refused_or_read(wire.PREFIX.pack(len(data), 0) + data)
    refused_or_read(wire.PREFIX.pack(0, len(data)) + data)


@settings(QUICK, max_examples=600)
@given(nodes, st.binary(max_size=40))
def test_any_node_is_read_or_refused(node: Any, body: bytes) -> None:
    refused_or_read(framed(node, body))


@settings(QUICK, max_examples=600)
@given(st.one_of(array_nodes, tensor_nodes), st.integers(0, 80))
def test_any_array_is_read_or_refused(node: list[Any], size: int) -> None:
    refused_or_read(framed(node, bytes(size)))
    if type(node[-2]) is int and 0 <= node[-2] <= 4096:
        refused_or_read(framed(node, bytes(node[-2])))


@settings(QUICK, max_examples=400)
@given(values, st.data())
def test_a_frame_that_was_tampered_with_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    frame = bytearray(encode([value, np.arange(3.0), torch.ones(2, 2)]))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    refused_or_read(bytes(frame))
    refused_or_read(bytes(frame[: data.draw(st.integers(0, len(frame)))]))


@settings(QUICK, max_examples=60)
@given(st.binary(min_size=16, max_size=200), st.integers(0, 4855))
def test_any_state_of_a_generator_is_read_or_refused(noise: bytes, at: int) -> None:
    state = bytearray(torch.Generator().manual_seed(1).get_state().numpy().tobytes())
    state[at : at + len(noise)] = noise
    refused_or_read(framed(["generator", len(state)], bytes(state)))
    refused_or_read(framed(["generator", len(noise)], noise))


HOSTILE = {
    "header of 4 GiB": wire.PREFIX.pack(2**32 - 1, 0),
    "body of 4 GiB": wire.PREFIX.pack(1, 2**32 - 1) + b"\xc0",
    "truncated": framed([1, 2, 3])[:-1],
    "bytes after the frame": framed(1) + b"x",
    "bytes that belong to no array": framed(1, b"x"),
    "array longer than its frame": framed(["array", "<f8", [1000], 8000], bytes(8)),
    "size that does not fit the shape": framed(["array", "<f8", [3], 8], bytes(8)),
    "shape that overflows 64 bits": framed(["array", "<f8", [2**39, 2**39], 0]),
    "negative shape": framed(["array", "<f8", [-1, -1], 8], bytes(8)),
    "rank of a thousand": framed(["array", "<f8", [1] * 1000, 8], bytes(8)),
    "array of objects": framed(["array", "|O", [1], 8], bytes(8)),
    "structured array": framed(["array", "f8,f8", [1], 16], bytes(16)),
    "dtype that is a list": framed(["array", [["a", "<f8"]], [1], 8], bytes(8)),
    "unknown torch dtype": framed(["tensor", "__class__", [1], [], 8, False], bytes(8)),
    "gradient of whole numbers": framed(["tensor", "int64", [1], [], 8, True], bytes(8)),
    "view that calls itself a terabyte": framed(["tensor", "float64", [2**37], [0], 8, False], bytes(8)),
    "strides that reach outside": framed(["tensor", "float64", [4], [2], 8, False], bytes(8)),
    "negative strides": framed(["tensor", "float64", [4], [-1], 32, False], bytes(32)),
    "stride of 2 to the 62": framed(["tensor", "float64", [1], [2**62], 8, False], bytes(8)),
    "meta tensor without end": framed(["meta", "float32", [2**39] * 32]),
    "boolean that is neither": framed(["tensor", "bool", [1], [], 1, False], b"\x02"),
    "boolean array that is neither": framed(["array", "|b1", [1], 1], b"\x02"),
    "scalar with a shape": framed(["scalar", "<f8", [2], 16], bytes(16)),
    "duplicated key": framed(["dict", [["a", 1], ["a", 2]]]),
    "key that cannot be one": framed(["dict", [[["list", []], 1]]]),
    "bare map": framed({"a": 1}),
    "bare extension": framed(msgspec.msgpack.Ext(5, b"x")),
    "time stamp": wire.PREFIX.pack(6, 0) + b"\xd6\xff\x00\x00\x00\x01",
    "node without a tag": framed([[1]]),
    "empty node": framed([]),
    "unknown tag": framed(["pickle", b"cos\nsystem\n"]),
    "device that is none": framed(["device", "cuda:0"]),
    "integer of a million digits": framed(["int", "9" * 10**6]),
    "integer that is a list": framed(["int", [1]]),
    "nested a hundred deep": framed(eval("['list', [" * 100 + "]]" * 100)),
    "nested a million deep": wire.PREFIX.pack(10**6, 0) + b"\x91" * 10**6,
    "slices in slices": wire.PREFIX.pack(9 * 300 + 1, 0) + (b"\x92\xa5slice\x93\xc0\xc0"[:9]) * 300 + b"\xc0",
    "text that is not UTF-8": wire.PREFIX.pack(3, 0) + b"\xa2\xff\xfe",
    "map that claims 4 billion entries": wire.PREFIX.pack(5, 0) + b"\xdf\xff\xff\xff\xff",
    "list that claims 4 billion items": wire.PREFIX.pack(5, 0) + b"\xdd\xff\xff\xff\xff",
    "text that claims 4 GiB": wire.PREFIX.pack(5, 0) + b"\xdb\xff\xff\xff\xff",
    "state of another generator": framed(["numpy-generator", ["dict", [["bit_generator", "SFC64"]]]]),
    "bytes of a size below zero": framed(["list", [["bytes", 9], ["bytes", -9], ["bytes", 9]]], bytes(9)),
    "generator of a size below zero": framed(["list", [["bytes", 9], ["generator", -9], ["bytes", 9]]], bytes(9)),
    "torch generator of nothing": framed(["generator", 5056], bytes(5056)),
    "handle without a home": framed(["handle", 1, "module", "X"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_frame_is_refused_and_costs_no_memory(name: str) -> None:
    frame = HOSTILE[name]
    with pytest.raises(wire.WireError):
        decode(frame)
    tracemalloc.start()
    try:
        with pytest.raises(wire.WireError):
            decode(frame)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(frame) + 100_000


@pytest.mark.parametrize("position", [-1, 625, 2**31 - 1, 1.5, "3"])
@pytest.mark.parametrize("kind", ["MT19937", "Philox"])
def test_a_generator_that_would_read_outside_of_its_block_is_refused(kind: str, position: Any) -> None:
    state = getattr(np.random, kind)(1).state
    if kind == "MT19937":
        state["state"]["pos"] = position
    else:
        state["buffer_pos"] = position

    def node(value: Any) -> Any:
        if isinstance(value, dict):
            return ["dict", [[key, node(item)] for key, item in value.items()]]
        return ["list", [int(item) for item in value]] if isinstance(value, np.ndarray) else value

    with pytest.raises(wire.WireError):
        decode(framed(["numpy-generator", node(state)]))


def test_views_together_may_not_claim_more_than_can_be_compared() -> None:
    view = ["tensor", "float32", [2**23], [0], 4, False]
    assert decode(framed(["list", [view] * 2], bytes(8)))[1].shape == (2**23,)
    with pytest.raises(wire.WireError, match="to compare"):
        decode(framed(["list", [view] * 9], bytes(36)))
