"""What crossed in a test, and from which exchange a value came."""

from __future__ import annotations

import torch

from grader.protocol.results import Call
from grader.tester.transcript import NO_ANSWER, Entry, Transcript


def entry(name: str, value: object = None, arguments: bool = True, raised: tuple[str, ...] = ()) -> Entry:
    return Entry(name, Call(name, (("x", "1"),) if arguments else ()), value, raised)


def transcript(*entries: Entry) -> Transcript:
    found = Transcript()
    for item in entries:
        found.add(item)
    return found


def test_a_call_waits_for_what_comes_of_it() -> None:
    found = transcript(entry("f", raised=NO_ANSWER))
    assert found.last_call == Call("f", (("x", "1"),))
    found.settle(entry("f", 1.0))
    assert found.entries == [entry("f", 1.0)]


def test_without_a_call_that_waits_it_is_one_more_exchange() -> None:
    found = transcript(entry("f", 1.0))
    found.settle(entry("g", raised=("ValueError",)))
    assert [item.name for item in found.entries] == ["f", "g"]
    empty = Transcript()
    empty.settle(entry("f"))
    assert empty.entries == [entry("f")]


def test_an_empty_one_has_no_last() -> None:
    assert Transcript().last is None and Transcript().last_call is None
    assert Transcript().origin_of(1.0) is None


def test_a_value_comes_from_the_exchange_that_returned_it() -> None:
    x, y, z = torch.ones(2), torch.ones(2), [1, 2]
    found = transcript(entry("f", x), entry("g", (y, 1)), entry("h", z))
    assert [item and item.name for item in map(found.origin_of, (x, y, z))] == ["f", "g", "h"]


def test_what_was_worked_out_comes_from_the_latest_call_of_the_only_function() -> None:
    found = transcript(entry("f", None), entry("f", 3), entry("weight", 1.5, arguments=False))
    for value in (None, True, 3, torch.ones(2)):
        assert found.origin_of(value) is found.entries[1]


def test_where_several_functions_were_called_it_comes_from_none() -> None:
    found = transcript(entry("f", None), entry("g", 3))
    assert found.origin_of(torch.ones(2)) is None


def test_without_any_call_it_is_the_last_exchange_of_the_only_name() -> None:
    found = transcript(entry("weight", 1.5, arguments=False), entry("weight", 2.5, arguments=False))
    assert found.origin_of(object()) is found.entries[1]
