"""The smallest failing case: axes cut, values rounded, few calls, nothing where a call cannot be made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from grader.protocol.results import Call, Failure, SmallestCase, TestResult, Verdict
from grader.tester import shrink
from grader.tester.contract import Contract, read_contract
from grader.tester.failures import SuiteFailure
from grader.tester.opaque import Opaque
from grader.tester.peer import Peer
from grader.tester.recording import ReplayConnection, Take
from grader.tester.runner import TestRunner
from grader.tester.shrink import MAX_CALLS, Shrinker, smallest_case, smallest_cases, write_out
from grader.tester.transcript import Entry, Transcript
from unit.fakes import mistake, result


class FakePeer:
    """Names are functions of this process. Counts the calls."""

    def __init__(self, contract: Contract, **functions: Callable[..., Any]) -> None:
        self.contract = contract
        self.functions = functions
        self.connection: object | None = object()
        self.transcript = Transcript()
        self.calls = 0

    def begin(self, seed: int) -> None:
        torch.manual_seed(seed)

    def lookup(self, owner: None, name: str, prefix: str) -> Callable[..., Any]:
        self.calls += 1
        return self.functions[name]


def contract_of(tmp_path: Path, signature: str) -> Contract:
    path = tmp_path / "solution.py"
    path.write_text(f"def {signature}: ...\n", encoding="utf-8")
    return read_contract(str(path))


def entry(path: str, *args: Any, **kwargs: Any) -> Entry:
    return Entry(path, Call(path), path=path, args=args, kwargs=kwargs)


def shrunk(
    contract: Contract, right: Callable[..., Any], wrong: Callable[..., Any], *args: Any, **kwargs: Any
) -> tuple[SmallestCase | None, FakePeer]:
    """The smallest case of `f`, and the learner's peer."""
    student, reference = FakePeer(contract, f=wrong), FakePeer(contract, f=right)
    found = smallest_case(cast(Peer, student), cast(Peer, reference), entry("f", *args, **kwargs))
    return found, student


ATTENTION = 'f(q: Float[Tensor, "batch q_len d"], k: Float[Tensor, "batch k_len d"], scale: float = 1.0)'


def test_an_axis_is_cut_in_every_argument_that_has_it(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, ATTENTION)
    seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def right(q: torch.Tensor, k: torch.Tensor, scale: float) -> torch.Tensor:
        seen.append((tuple(q.shape), tuple(k.shape)))
        return q @ k.transpose(1, 2) * scale

    def wrong(q: torch.Tensor, k: torch.Tensor, scale: float) -> torch.Tensor:
        return q @ k.transpose(1, 2) * scale + 1

    found, _ = shrunk(contract, right, wrong, torch.randn(3, 4, 5), torch.randn(3, 6, 5), scale=2.0)
    assert found is not None
    assert seen[-1] == ((1, 1, 1), (1, 1, 1))
    assert all(q[0] == k[0] and q[2] == k[2] for q, k in seen), "an axis was cut in one argument alone"
    assert [name for name, _ in found.arguments] == ["q", "k", "scale"]
    assert found.arguments[2] == ("scale", "2.0")
    assert found.call == "f" and found.expected != found.actual


def test_an_axis_stays_as_long_as_the_difference_needs(tmp_path: Path) -> None:
    """A sum over the wrong axis shows with two rows and one column at least."""
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "rows columns"])')
    found, _ = shrunk(contract, lambda x: x.sum(0), lambda x: x.sum(1), torch.randn(5, 4))
    assert found is not None
    assert np.array(eval(found.arguments[0][1])).shape in ((1, 2), (2, 1))


def test_values_are_rounded_while_the_difference_stays(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')
    found, _ = shrunk(contract, lambda x: 2 * x, lambda x: x * x, torch.tensor([3.7, 1.2], dtype=torch.float64))
    assert found is not None
    assert (found.arguments, found.expected, found.actual) == ((("x", "[4.]"),), "[8.]", "[16.]")


def test_values_stay_where_rounding_would_hide_the_difference(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[np.ndarray, "n"])')
    found, _ = shrunk(contract, lambda x: np.floor(x), lambda x: np.trunc(x), np.array([-0.3721]))
    assert found is not None
    assert found.arguments == (("x", "[-0.4]"),)


def test_arrays_of_any_real_kind_are_shrunk(tmp_path: Path) -> None:
    """As `cosine_similarity` of chapter 1 has them: counts or floats."""
    contract = contract_of(tmp_path, 'f(a: Real[np.ndarray, "n"], b: Real[np.ndarray, "n"])')
    a, b = np.array([3, 1, 2, 5]), np.array([1.5, 2.5, 0.5, 4.5])
    found, _ = shrunk(contract, lambda a, b: float(a @ b), lambda a, b: float(a @ b) + 1, a, b)
    assert found is not None
    assert found.arguments == (("a", "[3]"), ("b", "[2.]"))


def test_an_argument_of_another_rank_or_of_any_shape_is_left_alone(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "*shape n"], y: Float[Tensor, "n"], z: Float[Tensor, ...])')
    found, _ = shrunk(
        contract, lambda x, y, z: y, lambda x, y, z: y + 1, torch.ones(1, 1, 3), torch.ones(2, 2), z=torch.ones(2)
    )
    assert found is not None
    assert found.arguments == (("x", "[[[1., 1., 1.]]]"), ("y", "[[1., 1.], [1., 1.]]"), ("z", "[1., 1.]"))


def test_a_case_that_the_reference_refuses_is_no_case(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')

    def right(x: torch.Tensor) -> torch.Tensor:
        if len(x) < 2:
            raise SuiteFailure(Failure("too short"))
        return x

    found, _ = shrunk(contract, right, lambda x: x + 1, torch.zeros(5))
    assert found is not None
    assert found.arguments == (("x", "[0., 0.]"),)


def test_an_exception_of_the_learners_is_a_difference(tmp_path: Path) -> None:
    def wrong(x: torch.Tensor) -> torch.Tensor:
        raise SuiteFailure(Failure("`f` raised ValueError: no"))

    found, _ = shrunk(contract_of(tmp_path, 'f(x: Float[Tensor, "n"])'), lambda x: x, wrong, torch.zeros(4))
    assert found is not None
    assert found.actual == "`f` raised ValueError: no"


@pytest.mark.parametrize(
    "args",
    [(torch.zeros(25),), (torch.zeros(1), Opaque()), (torch.zeros(1), [1, 2]), (torch.zeros(1), 1, 2)],
    ids=["too many numbers", "a handle", "a list", "more arguments than names"],
)
def test_nothing_is_said_of_a_call_that_cannot_be_written_out(tmp_path: Path, args: tuple[Any, ...]) -> None:
    contract = contract_of(tmp_path, "f(x, y=None)")
    found, _ = shrunk(contract, lambda x, y=None: x, lambda x, y=None: x + 1, *args)
    assert found is None


def test_nothing_is_said_where_both_agree(tmp_path: Path) -> None:
    found, student = shrunk(contract_of(tmp_path, "f(x)"), lambda x: x, lambda x: x, torch.zeros(2))
    assert found is None
    assert student.calls == 1


def test_methods_are_not_called_again(tmp_path: Path) -> None:
    peer = cast(Peer, FakePeer(Contract()))
    assert smallest_case(peer, peer, entry("Layer.forward", torch.zeros(1))) is None
    assert smallest_case(peer, peer, entry("", torch.zeros(1))) is None
    gone = FakePeer(Contract())
    gone.connection = None
    assert smallest_case(cast(Peer, gone), peer, entry("f", torch.zeros(1))) is None


def test_the_calls_are_counted(tmp_path: Path) -> None:
    names = " ".join(f"a{i}" for i in range(40))
    contract = contract_of(tmp_path, f'f(x: Float[Tensor, "{names}"])')
    x = torch.zeros([1] * 40)
    found, student = shrunk(contract, lambda x: x, lambda x: x + 1, x)
    assert found is not None
    assert student.calls <= MAX_CALLS + 1  # the last one is to show what came


def test_out_of_calls_the_case_so_far_is_told(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')
    student, reference = (FakePeer(contract, f=f) for f in (lambda x: x + 1, lambda x: x))
    shrinker = Shrinker(cast(Peer, student), cast(Peer, reference), entry("f", torch.zeros(5)))
    shrinker.left = 1
    found = shrinker.run()
    assert found is not None and found.arguments == (("x", "[0., 0., 0., 0., 0.]"),)


def test_the_transcript_and_the_arguments_are_left_as_they_were(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')

    def wrong(x: torch.Tensor) -> torch.Tensor:
        return x.add_(1)

    student, reference = FakePeer(contract, f=wrong), FakePeer(contract, f=lambda x: x)
    before, x = student.transcript, torch.zeros(3)
    assert smallest_case(cast(Peer, student), cast(Peer, reference), entry("f", x)) is not None
    assert student.transcript is before and x.tolist() == [0.0, 0.0, 0.0]


def test_whatever_a_function_stumbles_over_there_is_no_case(tmp_path: Path) -> None:
    def stumbles(x: torch.Tensor) -> torch.Tensor:
        raise ValueError("not of the learner's making")

    found, _ = shrunk(contract_of(tmp_path, "f(x)"), stumbles, stumbles, torch.zeros(1))
    assert found is None


def test_all_numbers_are_written_out() -> None:
    assert write_out(torch.tensor([[1.0, 0.25]])) == "[[1.  , 0.25]]"
    assert write_out((torch.tensor([1]), None, 2.5)) == "([1], None, 2.5)"
    assert write_out([1, 2]) == "[1, 2]"
    assert write_out("text") == "'text'"
    assert write_out(torch.empty(2, device="meta")) == "tensor float32 (2,) on meta"


# -- which failures are looked at ---------------------------------------------------------------------------


class FakeRunner:
    """As much of a runner as the search needs; `broken` is what it says when a worker is to be prepared."""

    def __init__(self, student: FakePeer, reference: FakePeer, broken: object = None) -> None:
        self.student, self.reference, self.broken = student, reference, broken
        self.worker = None
        self.job = SimpleNamespace(limits=SimpleNamespace(seconds=1.0))
        self.session = SimpleNamespace(taint=lambda: None)

    def prepare(self, seconds: float) -> object:
        return self.broken


def failed(name: str, path: str, **fields: Any) -> tuple[TestResult, Transcript]:
    transcript = Transcript()
    transcript.add(entry(path, torch.zeros(2)))
    transcript.add(Entry("length", Call("length")))
    fields.setdefault("failure", Failure("The values are wrong.", call=Call(path)))
    return result(name, fields.pop("verdict", Verdict.FAILED), **fields), transcript


def cases_of(tmp_path: Path, *found: tuple[TestResult, Transcript], broken: object = None) -> list[str]:
    contract = contract_of(tmp_path, "f(x)")
    functions = {name: (lambda x: x + 1) for name in "fgh"}
    right = {name: (lambda x: x) for name in "fgh"}
    contract = Contract(parameters=dict.fromkeys("fgh", ("x",)))
    runner = FakeRunner(FakePeer(contract, **functions), FakePeer(contract, **right), broken)
    results = {item.name: item for item, _ in found}
    transcripts = {item.name: transcript for item, transcript in found}
    return list(smallest_cases(cast(TestRunner, runner), results, transcripts))


def test_one_case_for_a_function_and_few_in_all(tmp_path: Path) -> None:
    assert shrink.MAX_CASES == 2
    found = cases_of(tmp_path, failed("a", "f"), failed("b", "f"), failed("c", "g"), failed("d", "h"))
    assert found == ["a", "c"]


def test_what_is_explained_or_did_not_fail_is_left_alone(tmp_path: Path) -> None:
    assert cases_of(tmp_path, failed("a", "f", mistake=mistake("m"))) == []
    assert cases_of(tmp_path, failed("a", "f", verdict=Verdict.TIMEOUT)) == []
    assert cases_of(tmp_path, failed("a", "f", verdict=Verdict.PASSED, failure=None)) == []
    assert cases_of(tmp_path, failed("a", "f", failure=Failure("no call"))) == []
    assert cases_of(tmp_path, failed("a", "f", failure=Failure("another call", call=Call("g")))) == []


def test_without_a_worker_the_result_stands_as_it_is(tmp_path: Path) -> None:
    assert cases_of(tmp_path, failed("a", "f"), broken="no sandbox") == []


def test_a_recording_is_asked_nothing_new() -> None:
    """It would take the answer to another question for this one's, or stop the suite."""
    student = FakePeer(Contract(parameters={"f": ("x",)}), f=lambda x: x + 1)
    reference = FakePeer(student.contract)
    reference.connection = ReplayConnection(Take(1, {}, (), ()), cast(Peer, reference))
    item, transcript = failed("a", "f")
    runner = cast(TestRunner, FakeRunner(student, reference))
    assert smallest_cases(runner, {"a": item}, {"a": transcript}) == {}
    assert student.calls == reference.calls == 0


def test_a_random_answer_is_the_same_each_time_it_is_asked_for(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')
    wrong = [shrunk(contract, lambda x: x, lambda x: x + torch.rand(()), torch.zeros(3))[0] for _ in range(2)]
    assert wrong[0] is not None and wrong[0] == wrong[1]


def test_a_case_in_which_no_difference_is_seen_is_not_shown(tmp_path: Path) -> None:
    """One that has a memory answers rightly at last; a small difference is in digits that are not written."""
    contract = contract_of(tmp_path, 'f(x: Float[Tensor, "n"])')
    answers: list[int] = []

    def right_at_last(x: torch.Tensor) -> torch.Tensor:
        answers.append(len(answers))
        return x + (1 if len(answers) < 4 else 0)

    assert shrunk(contract, lambda x: x, right_at_last, torch.zeros(3))[0] is None
    assert len(answers) == 4
    assert shrunk(contract, lambda x: x, lambda x: x + 2e-5, torch.zeros(3, dtype=torch.float64))[0] is None
