"""What a worker sends costs the tester little: to read, to describe and to compare, whatever it is.

Each frame is read in a process of its own, whose bounds are far below what the tester has for a test.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.judge.apart import Bounds, NotDone, apart
from grader.protocol.describe import describe_result
from grader.protocol.frames import FrameKind, pack
from grader.protocol.messages import Raised, Returned, read_reply
from grader.protocol.results import Call, Failure
from grader.protocol.wire import HEADER_LIMIT, PREFIX, WireError
from grader.tester.bounded import bounded
from grader.tester.compare import as_array, values_match
from grader.tester.raised import student_raised
from grader.tester.shrink import write_out
from grader.tester.source_tree import SourceTree

BOUNDS = Bounds(processor_seconds=20, clock_seconds=120, memory_bytes=2 * 2**30)
P = 2**61 - 1  # numbers that differ by it have one hash
SIZES = st.sampled_from([0, 1, 60, 3_000, 100_000, 400_000])


def ints(size: int) -> list[Any]:
    return [["int", str((k + 16) * P)] for k in range(min(size, 100_000))]


def tuples(size: int) -> list[Any]:
    """Of one hash, for the parts have one each."""
    return [["tuple", [item, 1]] for item in ints(min(size, 60_000))]


def floats(size: int) -> list[Any]:
    return [float(2 ** (61 * (k % 17))) for k in range(size)]


def texts(size: int) -> list[Any]:
    return ["x" * size, "\u202e" * (size // 3), "y" * (size // 2)]


def views(size: int) -> list[Any]:
    return [["tensor", "float32", [max(size, 1) * 64], [0], 4, False]] * 3


def odd_shapes(size: int) -> list[Any]:
    empty = ["tensor", "float64", [2**39, 0, 2**39], [], 0, False]
    return [empty, ["meta", "float64", [2**20, 2**19]], ["array", "<f8", [0] * 32, 0]]


def chains(size: int) -> list[Any]:
    node: Any = 1
    for _ in range(58):
        node = ["list", [node]]
    return [node] * min(size, 3_000)


ITEMS = st.sampled_from([ints, tuples, floats, texts, views, odd_shapes, chains])
LEAVES = st.builds(lambda make, size: make(size), ITEMS, SIZES)


def inside(items: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[list[Any]]:
    """Lists of items that hold these."""

    def wrapped(tag: str, held: list[Any], times: int) -> list[Any]:
        return [[tag, [[item, item] for item in held] if tag in ("dict", "counter") else held]] * times

    return st.builds(
        wrapped,
        st.sampled_from(["list", "tuple", "set", "frozenset", "dict", "counter", "one-pass"]),
        items,
        st.sampled_from([1, 2, 8]),
    )


NODES = st.recursive(LEAVES, inside, max_leaves=3).map(lambda items: ["list", items])


def test_tensors_are_read_here() -> None:
    """Without torch each would be refused, and nothing would be shown of them."""
    node = ["tensor", "float32", [1], [], 4, False]
    reply = read_reply(framed(["Returned", node, None, 1, None], bytes(4)) or b"")
    assert isinstance(reply, Returned) and isinstance(reply.value, torch.Tensor)


def framed(message: list[Any], body: bytes = b"", kind: FrameKind = FrameKind.REPLY) -> bytes | None:
    header = msgspec.msgpack.encode(message)
    if len(header) > HEADER_LIMIT:
        return None  # refused by its size alone
    return pack(kind, PREFIX.pack(len(header), len(body)) + header + body)


def use(frame: bytes) -> str:
    """What a test does with an answer, at most."""
    try:
        reply = read_reply(frame)
    except WireError:
        return "refused"
    if isinstance(reply, Returned):
        use_value(reply.value)
        use_value(reply.changed)
    if isinstance(reply, Raised):
        failed = student_raised(SourceTree(), Call("f"), reply.types[:40], reply.message[:4000], ())
        bounded(failed.failure)
    return type(reply).__name__


def use_value(value: Any) -> None:
    said = describe_result(value)
    assert len(said) < 2_000
    values_match(value, value)
    as_array(value)
    write_out(value)
    bounded(Failure(str(value)[:100_000], actual=said))


def cost(frame: bytes | None) -> str:
    return "" if frame is None else apart(lambda: use(frame), str, BOUNDS)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=NODES, changed=NODES, body=st.sampled_from([0, 4, 12, 2**20]))
def test_no_value_is_costly(value: Any, changed: Any, body: int) -> None:
    for message in (["Returned", value, None, 1, None], ["Returned", 1, ["dict", [["x", changed]]], 1, None]):
        cost(framed(message, bytes(body)))


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=SIZES, text=st.sampled_from(["x", "\n", "(", "\u202e", 'File "', ", line 1 in "]), count=SIZES)
def test_no_exception_is_costly(size: int, text: str, count: int) -> None:
    long, frame = text * (size // len(text)), ["f", 1, "g", text * 100, [[text, text]]]
    some = min(count, 100_000)
    cost(framed(["Raised", [long], long, [frame] * some]))
    cost(framed(["Raised", [text] * some, long, []]))
    cost(framed(["Loaded", ["Raised", [text], long, []], [["m", 1, 1, text, text, False]] * some]))


@pytest.mark.parametrize("make", [ints, tuples], ids=lambda make: make.__name__)
@pytest.mark.parametrize("tag", ["set", "frozenset", "dict", "counter"])
def test_keys_of_one_hash_are_refused(make: Any, tag: str) -> None:
    items = make(50_000)
    node = [tag, [[item, 1] for item in items] if tag in ("dict", "counter") else items]
    assert cost(framed(["Returned", node, None, 1, None])) == "refused"


def test_what_would_be_costly_is_noticed() -> None:
    """Else the tests above would prove nothing."""
    with pytest.raises(NotDone, match="of the processor"):
        apart(lambda: len({(k + 16) * P for k in range(200_000)}), int, Bounds(processor_seconds=2))
