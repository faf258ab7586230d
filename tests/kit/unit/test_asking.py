"""One side is asked about one call: with copies, under known seeds, a few times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from grader.protocol.results import Call
from grader.tester.answers import Answer, same
from grader.tester.asking import Asker, Budget, TimeLimit
from grader.tester.probes import answers_of_reference
from grader.tester.transcript import Entry
from grader.tester.variations import variations
from grader.tester.watch import Asked
from unit.fakes import local_peer


def enough() -> TimeLimit:
    return TimeLimit(lambda: 0.0, 1.0, 60.0)


def asker_of(function: Callable[..., Any], calls: int = 20, **arguments: Any) -> Asker:
    """One that asks about `f` with these arguments, given by name."""
    peer, _ = local_peer(f=function)
    entry = Entry("f", Call("f"), function(**arguments), path="f", kwargs=arguments)
    return Asker(peer, peer.lookup(None, "f", ""), entry, Asked(1, arguments), Budget(calls, enough()))


def test_the_calls_are_counted() -> None:
    asked: list[int] = []

    def f(k: int) -> float:
        asked.append(k)
        return k / 2

    asker = asker_of(f, 7, k=8)
    answers = asker.answers()
    changed = asker.changed(variations(asker.arguments))
    assert len(asked) == 1 + 6  # the first is the test's own
    assert answers.is_fixed
    assert [answer.value for answer in changed.values()] == [4.5, 3.5]
    assert asker.ask() != Answer() == asker.ask()  # one was left


def test_patience_ends_with_the_processor_time_or_the_clock() -> None:
    used = [0.0]
    time_limit = TimeLimit(lambda: used[0], 1.0, 60.0)
    assert Budget(5, time_limit).take()
    used[0] = 1.1
    assert not Budget(5, time_limit).take()
    assert not Budget(5, TimeLimit(lambda: 0.0, 1.0, -1.0)).take()


def test_where_calls_are_remembered_no_argument_is_said_to_matter() -> None:
    """A cache that was passed holds the calls before: the result changes with these, not with the argument alone."""
    kept: list[int] = []

    def f(k: int) -> float:
        kept.append(k)
        return sum(kept[-2:]) / 4

    assert answers_of_reference(asker_of(f, k=8)).changed == {}
    assert answers_of_reference(asker_of(lambda k: k / 4, k=8)).changed


def test_a_call_that_raises_gives_nothing() -> None:
    def f(k: int) -> int:
        return 8 // (k - 3)

    asker = asker_of(f, k=4)
    assert asker.ask({"k": 3}) == Answer()
    assert asker.ask().value == 8


def test_each_call_gets_arguments_as_they_were() -> None:
    def f(g: torch.Generator, n: np.random.Generator) -> float:
        return float(torch.rand(1, generator=g)) + float(n.random())

    arguments = {"g": torch.Generator().manual_seed(3), "n": np.random.default_rng(3)}
    peer, _ = local_peer(f=f)
    entry = Entry("f", Call("f"), path="f", kwargs=arguments)
    asker = Asker(peer, peer.lookup(None, "f", ""), entry, Asked(1, arguments), Budget(9, enough()))
    assert same(asker.ask(), asker.ask(seed=5)) and asker.ask().given


def test_what_is_drawn_depends_on_the_seed_alone() -> None:
    answers = asker_of(lambda k: torch.rand(4) * k, k=2).answers()
    assert answers.is_steady and not answers.is_fixed


class Tied(nn.Module):
    """Two names for one parameter; one that is not used; one that gets no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.arange(3.0))
        self.b = self.a
        self.unused, self.silent = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.a + self.silent.detach()


def test_parameters_are_moved_and_put_back() -> None:
    peer, _ = local_peer(make=Tied)
    model = peer.lookup(None, "make", "")()
    x = torch.tensor([1.0, 2.0, 3.0])
    entry = Entry("Tied.forward", Call("Tied.forward"), model(x), path="Tied.forward", args=(x,))
    asker = Asker(peer, model, entry, Asked(1, {"x": x}), Budget(20, enough()))
    before = asker.ask(seed=1)
    found = asker.after_moving(["a", "unused", "silent"])
    assert found.keys() == {"unused", "silent"}  # `a` gets back what `b` has
    assert same(found["unused"], before) and not same(found["silent"], before)
    assert same(asker.ask(seed=1), before)


def test_gradients_are_those_of_this_pass_alone() -> None:
    peer, _ = local_peer(make=Tied)
    model = peer.lookup(None, "make", "")()
    x = torch.tensor([1.0, 2.0, 3.0])
    model(x).sum().backward()  # what the test itself has done before
    entry = Entry("Tied.forward", Call("Tied.forward"), model(x), path="Tied.forward", args=(x,))
    found = Asker(peer, model, entry, Asked(1, {"x": x}), Budget(20, enough())).gradients()
    assert found is not None and found.incoming is not None
    assert found.parameters["unused"] is None and found.parameters["silent"] is None
    for name, wanted in (("a", x.numpy() * found.incoming), ("x", np.arange(3.0) * found.incoming)):
        came = found.parameters[name] if name == "a" else found.arguments[name]
        assert came is not None
        np.testing.assert_allclose(came, wanted, rtol=1e-6)
