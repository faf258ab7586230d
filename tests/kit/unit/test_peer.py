"""The tester's end of the conversation: what becomes of each reply, of changed arguments, of handles."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.protocol.messages import (
    Begin,
    Call,
    Lookup,
    Missing,
    Raised,
    RaisedFrame,
    Refused,
    Returned,
    WorkCounts,
    name_of,
)
from grader.protocol.results import Failure, Place, Verdict
from grader.protocol.wire import Unsendable
from grader.tester.contract import Contract, read_contract
from grader.tester.failures import StudentRaised, SuiteFailure, WorkerLost
from grader.tester.peer import MAX_FRAMES, MAX_MESSAGE, MAX_TYPES, NotInTheStub
from grader.tester.proxies import Handle, Student
from grader.tester.source_index import SourceIndex
from grader.tester.source_tree import SourceTree
from grader.tester.transcript import NO_ANSWER
from unit.fakes import FakeConnection, Node, handle, local_peer, peer_at


def returned(value: Any = None, **fields: Any) -> Returned:
    fields.setdefault("changed", {})
    return Returned(value=value, **fields)


# -- names --------------------------------------------------------------------------------------------------


def test_a_constant_is_its_value_and_stands_in_the_transcript() -> None:
    peer = peer_at(FakeConnection(returned("B")))
    assert Student(peer).Q1 == "B"
    assert [(entry.name, entry.call.returned) for entry in peer.transcript.entries] == [("Q1", "'B'")]


def test_a_function_is_asked_for_once_in_a_test() -> None:
    connection = FakeConnection(returned(handle(1)), Returned(), returned(handle(2)))
    peer = peer_at(connection)
    student = Student(peer)
    assert student.f is student.f
    assert peer.transcript.entries == []
    peer.begin(3)
    assert student.f._number == 2
    assert connection.asked == [
        Lookup(target=None, name="f"),
        Begin(seed=3, release=(1,)),
        Lookup(target=None, name="f"),
    ]


def test_names_are_kept_from_test_to_test_where_that_is_asked_for() -> None:
    connection = FakeConnection(returned(handle(1)), Returned(), returned(handle(2)))
    peer = peer_at(connection, keep_names=True)
    first = peer.lookup(None, "f", "")
    peer.begin(3)
    assert peer.lookup(None, "f", "") is first
    peer.start_file(SourceIndex("/b.py", "b.py"))
    assert peer.lookup(None, "f", "")._number == 2


def test_a_suite_may_not_ask_for_what_the_stub_does_not_define(tmp_path: Path) -> None:
    stub = tmp_path / "stub.py"
    stub.write_text("import torch\nfrom a import GPT\nSIZE: int = 3\nA = B = 2\n_own = 1\ndef f(): ...\nclass C: ...\n")
    peer = peer_at(FakeConnection(*(returned(handle(n)) for n in range(5))), contract=read_contract(str(stub)))
    for name in ("SIZE", "A", "B", "f", "C"):
        peer.lookup(None, name, "")
    for name in ("torch", "GPT", "_own", "g"):
        with pytest.raises(NotInTheStub, match=f"`{name}`, which its stub does not define"):
            peer.lookup(None, name, "")


def test_modules_come_from_the_other_side_by_their_own_names() -> None:
    nn, gpt = returned(handle(1, "object", "module")), returned(handle(3, "object", "module"))
    connection = FakeConnection(nn, returned(handle(2)), gpt, returned(handle(4)), Missing(name="GPT2"))
    student = Student(peer_at(connection))
    assert student.imported("torch.nn").Linear.kit_description == "nn.Linear"
    part = student.imported("ch5_models.gpt")
    assert student.imported("ch5_models.gpt") is part
    assert part.GPT.kit_description == "GPT"
    with pytest.raises(SuiteFailure, match=r"`ch5_models.gpt` has no attribute `GPT2`"):
        _ = part.GPT2
    assert [name_of(request) for request in connection.asked] == ["Import", "Lookup", "Import", "Lookup", "Lookup"]


def test_a_name_that_is_missing_is_said_with_the_file() -> None:
    peer = peer_at(FakeConnection(Missing(name="f"), returned(handle(1, "module", "Layer")), Missing(name="g")))
    peer.start_file(SourceIndex("/a.py", "exercises/a.py", {"Layer": 4}))
    student = Student(peer)
    with pytest.raises(SuiteFailure, match=r"`f` is not defined in exercises/a.py") as raised:
        _ = student.f
    assert raised.value.failure.place is None
    assert peer.transcript.entries[-1].raised == ("AttributeError",)
    with pytest.raises(SuiteFailure, match="`Layer` has no attribute `g`") as raised:
        _ = student.Layer.g
    assert raised.value.failure.place == Place("/a.py", 4)


# -- calls --------------------------------------------------------------------------------------------------


def called(*replies: Any, name: str = "f", contract: Contract | None = None) -> tuple[Any, FakeConnection]:
    """A function of the learner's whose calls are answered by these replies."""
    connection = FakeConnection(returned(handle(1)), *replies)
    peer = peer_at(connection, contract)
    peer.start_file(SourceIndex("/a.py", "a.py", {name: 7}))
    return peer.lookup(None, name, ""), connection


def test_a_call_is_sent_with_its_arguments_and_its_answer_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x, scale=1): ...\n", encoding="utf-8")
    function, connection = called(returned([3, None]), contract=read_contract(str(tmp_path / "a.py")))
    assert function(torch.ones(2), 5, [1], mode="a") == [3, None]
    request = connection.asked[-1]
    assert isinstance(request, Call)
    assert (request.target, request.args[1:], request.kwargs) == (("handle", 1), [5, [1]], {"mode": "a"})
    assert (request.grad, request.count) == (True, False)
    (entry,) = function._peer.transcript.entries
    assert entry.value == [3, None] and entry.path == "f" and entry.kwargs == {"mode": "a"}
    assert [label for label, _ in entry.call.arguments] == ["x", "scale", "argument 3", "mode"]
    assert entry.call.returned == "[3, None]"


def test_without_gradients_none_are_asked_for() -> None:
    function, connection = called(returned(1))
    with torch.no_grad():
        function()
    request = connection.asked[-1]
    assert isinstance(request, Call) and request.grad is False


def test_an_exception_carries_its_types_its_text_and_the_learners_lines() -> None:
    frame = RaisedFrame("/a.py", 8, "f", "return 1 / 0", (("x", "1"),))
    function, _ = called(Raised(types=("ZeroDivisionError", "Exception"), message="division", frames=(frame,)))
    with pytest.raises(StudentRaised, match="`f` raised ZeroDivisionError: division") as raised:
        function()
    assert raised.value.verdict is Verdict.FAILED
    assert raised.value.failure.place == Place("/a.py", 8)
    assert function._peer.transcript.entries[-1].raised == ("ZeroDivisionError", "Exception")
    assert len(function._peer.transcript.entries) == 1


@pytest.mark.parametrize(
    ("file", "line", "verdict", "blocked_by"),
    [
        ("ch1/a.py", 2, Verdict.TODO, ""),
        ("ch1/a.py", 1, Verdict.FAILED, ""),  # no such statement stands there, whatever the worker says
        ("ch1/earlier.py", 2, Verdict.BLOCKED, "ch1/earlier"),
        ("ch1/gone.py", 2, Verdict.FAILED, ""),
        ("../outside.py", 2, Verdict.FAILED, ""),
        ("ch1/deep/er.py", 2, Verdict.FAILED, ""),
        ("", 2, Verdict.FAILED, ""),
    ],
)
def test_what_is_still_to_do_is_what_stands_at_the_claimed_line(
    tmp_path: Path, file: str, line: int, verdict: Verdict, blocked_by: str
) -> None:
    root = tmp_path / "tree"
    for name in ("ch1/a.py", "ch1/earlier.py", "../outside.py", "ch1/deep/er.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("def f():\n    raise NotImplementedError\n")
    frame = RaisedFrame(f"{root}/{file}" if file else "", line, "f", "", ())
    function, _ = called(Raised(types=("NotImplementedError", "RuntimeError"), message="", frames=(frame,)))
    tree = SourceTree("ch1/a", f"{root}/ch1/a.py", str(root))
    function._peer.start_file(SourceIndex(tree.file, "a.py"), tree)
    with pytest.raises(StudentRaised) as raised:
        function()
    assert (raised.value.verdict, raised.value.failure.blocked_by) == (verdict, blocked_by)


def test_without_a_line_of_the_learners_nothing_is_to_do() -> None:
    function, _ = called(Raised(types=("NotImplementedError", "RuntimeError"), message="no kernel", frames=()))
    with pytest.raises(StudentRaised, match="`f` raised NotImplementedError: no kernel") as raised:
        function()
    assert raised.value.verdict is Verdict.FAILED


def test_an_exception_is_trimmed_to_limits() -> None:
    frame = RaisedFrame("f" * 5000, 8, "n" * 1000, "t" * 1000, (("l" * 1000, "v" * 1000),))
    function, _ = called(Raised(types=("T" * 1000,) * 100, message="m" * 10**5, frames=(frame,) * 50))
    with pytest.raises(StudentRaised) as raised:
        function()
    error, failure = raised.value, raised.value.failure
    assert len(error.types) == MAX_TYPES and len(error.types[0]) == 80 and len(error.text) == MAX_MESSAGE
    assert len(failure.frames) == MAX_FRAMES
    shown = failure.frames[0]
    assert (len(shown.place.file), len(shown.function), len(shown.text)) == (4096, 80, 200)
    assert [(len(name), len(value)) for name, value in shown.locals] == [(60, 120)]


def test_an_exception_without_a_type_has_a_name_all_the_same() -> None:
    function, _ = called(Raised(types=(), message="", frames=()))
    with pytest.raises(StudentRaised, match="`f` raised exception"):
        function()


@pytest.mark.parametrize("reply", [Missing(name="f"), Refused(reason="no"), b"\2garbage", b"", b"\1\0\0\0\0\0\0\0\0"])
def test_any_other_reply_to_a_call_is_no_answer(reply: Any) -> None:
    function, _ = called(reply)
    with pytest.raises(WorkerLost, match="not understood"):
        function()
    assert function._peer.transcript.last is not None and function._peer.transcript.last.raised == NO_ANSWER


def test_a_result_of_the_wrong_kind_fails_before_the_suite_sees_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('def f(x) -> Float[Tensor, "n"]: ...\n', encoding="utf-8")
    function, _ = called(returned(None), contract=read_contract(str(tmp_path / "a.py")))
    with pytest.raises(SuiteFailure, match="expected a floating-point tensor, got None") as raised:
        function(1)
    failure = raised.value.failure
    assert failure.advice == "Is there a `return` on every path?" and failure.place == Place("/a.py", 7)
    assert (failure.expected, failure.actual) == ("a floating-point tensor", "None")
    assert function._peer.transcript.entries[-1].value is None


def test_work_is_summed_up_over_calls() -> None:
    replies = [returned(1, counts=WorkCounts(10, 5, 100)), returned(1, counts=WorkCounts(1, 9, 1)), returned(1)]
    function, connection = called(*replies)
    with Student(function._peer).counting() as counts:
        function()
        function()
    function()
    assert (counts.flops, counts.largest, counts.saved_bytes) == (11, 9, 101)
    assert [item.count for item in connection.asked if isinstance(item, Call)] == [True, True, False]


def test_without_a_process_nothing_can_be_asked() -> None:
    peer = peer_at(None)
    with pytest.raises(WorkerLost, match="is gone"):
        peer.lookup(None, "f", "")


# -- arguments that were changed ----------------------------------------------------------------------------


def test_a_changed_argument_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x, y): ...\n", encoding="utf-8")
    x = torch.zeros(2)
    for changed, label in (({1: torch.ones(2)}, "y"), ({"z": torch.ones(2)}, "z")):
        function, _ = called(returned(1, changed=changed), contract=read_contract(str(tmp_path / "a.py")))
        with pytest.raises(SuiteFailure, match=f"`f` changed its argument `{label}`"):
            function(x, x, z=x)
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize("key", [5, -1, "y", "k" * 2**20, True, None, 1.0, ()], ids=lambda key: repr(key)[:9])
def test_a_change_of_an_argument_that_was_not_passed_is_no_answer(key: Any) -> None:
    function, _ = called(returned(1, changed={key: 1}))
    with pytest.raises(WorkerLost) as caught:
        function(1, 2, z=3)
    assert str(caught.value) == "the answer tells of an argument that was not passed"


def test_a_function_whose_name_ends_in_an_underscore_changes_its_arguments_here_too() -> None:
    x, y, a = torch.zeros(2), torch.zeros(3), np.zeros(2)
    items, table = [1], {"a": 1}
    new: dict[Any, Any] = {0: torch.ones(2), 1: torch.ones(5), 2: np.ones(2), 3: [4, 5], "table": {"b": 2}}
    function, _ = called(returned(None, changed=new), name="fill_")
    function(x, y, a, items, table=table)
    assert x.tolist() == [1, 1] and y.tolist() == [1] * 5 and a.tolist() == [1, 1]
    assert items == [4, 5] and table == {"b": 2}


@pytest.mark.parametrize("kind", ["object", "callable", "module"])
def test_what_the_other_side_calls_its_object_gives_it_no_right_to_change_arguments(kind: str) -> None:
    connection = FakeConnection(returned(handle(1)), returned(handle(2, kind, "fill_")))
    made = Student(peer_at(connection)).make_()
    ids = torch.arange(3)
    connection.replies.append(returned(1, changed={0: torch.zeros(3)}))
    with pytest.raises(SuiteFailure, match="changed its argument"):
        made(ids)
    assert ids.tolist() == [0, 1, 2]


def test_generators_advance_whatever_the_name() -> None:
    ours, theirs = torch.Generator().manual_seed(1), np.random.default_rng(1)
    moved, drawn = torch.Generator().manual_seed(1), np.random.default_rng(1)
    torch.rand(3, generator=moved)
    drawn.random(3)
    function, _ = called(returned(None, changed={0: moved, "rng": drawn}))
    function(ours, rng=theirs)
    assert torch.equal(torch.rand(2, generator=ours), torch.rand(2, generator=moved))
    assert theirs.random() == drawn.random()


def test_a_generator_that_comes_back_as_something_else_is_refused() -> None:
    function, _ = called(returned(None, changed={0: 3}))
    with pytest.raises(SuiteFailure, match="changed its argument"):
        function(torch.Generator())


@pytest.mark.parametrize("changed", [None, [1], "x"])
def test_changes_that_are_no_mapping_are_no_answer(changed: Any) -> None:
    function, _ = called(Returned(value=1, changed=changed))
    with pytest.raises(WorkerLost):
        function(1)


# -- calls back ---------------------------------------------------------------------------------------------


def test_a_function_of_the_suite_is_called_here() -> None:
    peer, _ = local_peer(f=lambda function, x: function(x, scale=2))
    assert Student(peer).f(lambda x, scale: x * scale, 4) == 8
    assert len(peer.callbacks) == 1


def test_functions_that_both_sides_know_are_sent_by_name() -> None:
    function, connection = called(returned(1))
    function(torch.nn.functional.relu, torch.tanh)
    request = connection.asked[-1]
    assert isinstance(request, Call) and request.args == [("function", "relu"), ("function", "tanh")]
    assert function._peer.callbacks == []


@pytest.mark.parametrize("number", [-1, 1, 2**40, True, "0", None, 0.0])
def test_a_function_that_was_never_passed_is_not_called(number: Any) -> None:
    peer = peer_at(FakeConnection())
    peer.callbacks = [lambda: 1]
    assert peer.called_back(0, [], {}) == 1
    with pytest.raises(WorkerLost):
        peer.called_back(number, [], {})


# -- handles ------------------------------------------------------------------------------------------------


def test_a_handle_is_released_exactly_once_with_the_next_request() -> None:
    connection = FakeConnection(returned(handle(7, "module", "Layer")), returned(1), returned(2), returned(3))
    peer = peer_at(connection)
    layer = peer.lookup(None, "layer", "")
    peer.names.clear()
    assert peer.lookup(None, "a", "") == 1
    del layer
    gc.collect()
    assert peer.released == [7]
    peer.lookup(None, "b", "")
    peer.lookup(None, "c", "")
    assert [request.release for request in connection.asked] == [(), (), (7,), ()]


def test_a_handle_of_an_earlier_process_releases_nothing_in_the_next_one() -> None:
    peer = peer_at(FakeConnection(returned(handle(7))))
    function = peer.lookup(None, "f", "")
    peer.names.clear()
    peer.attach(FakeConnection())
    del function
    gc.collect()
    assert peer.released == []


def test_a_handle_of_an_earlier_process_is_no_argument() -> None:
    peer = peer_at(FakeConnection(returned(handle(7, "module", "Layer"))))
    layer = peer.lookup(None, "layer", "")
    peer.attach(FakeConnection())
    with pytest.raises(TypeError, match="belongs to another process"):
        layer(1)


def test_handles_are_good_again_once_other_code_has_left() -> None:
    connection = FakeConnection(returned(handle(7)), returned(1))
    peer, mutant = peer_at(connection), FakeConnection(returned(handle(7)))
    function = peer.lookup(None, "f", "")
    with peer.replaced(mutant):
        other = peer.lookup(None, "f", "")
        assert other is not function
        with pytest.raises(TypeError):
            function()
    del other
    peer.names = {key: value for key, value in peer.names.items() if value is function}
    gc.collect()
    assert peer.released == [], "the mutant's handle has a number of its own life"
    assert function() == 1
    with peer.replaced(mutant), pytest.raises(TypeError):
        function()


def test_two_peers_do_not_share_handles() -> None:
    one, other = peer_at(FakeConnection(returned(handle(7)))), peer_at(FakeConnection(returned(handle(7)), returned(1)))
    mine, theirs = one.lookup(None, "f", ""), other.lookup(None, "f", "")
    with pytest.raises(TypeError, match="belongs to another process"):
        theirs(mine)


@pytest.mark.parametrize(
    "node",
    [
        ["handle"],
        ["handle", "1", "module", "X"],
        ["handle", 1, "module"],
        ["handle", True, "m", "X"],
        ["other", 1, 2, 3],
    ],
    ids=repr,
)
def test_a_handle_that_is_none_is_no_answer(node: list[Any]) -> None:
    peer = peer_at(FakeConnection(returned(Node(*node))))
    with pytest.raises(WorkerLost, match="not understood"):
        peer.lookup(None, "f", "")


def test_the_names_of_a_handle_are_cut() -> None:
    peer = peer_at(FakeConnection(returned(handle(1, "k" * 100, "T" * 1000))))
    found = peer.lookup(None, "f", "")
    assert len(found._kind) == 20 and len(found._type_name) == 60


def test_a_handle_is_no_value() -> None:
    peer = peer_at(FakeConnection(returned(handle(1, "module", "Layer"))))
    layer = peer.lookup(None, "layer", "")
    layer._path = "Layer"
    operations: list[Any] = [
        lambda: layer == 1,
        lambda: bool(layer),
        lambda: layer + 1,
        lambda: 2 * layer,
        lambda: list(layer),
        lambda: float(layer),
        lambda: np.asarray(layer),
        lambda: torch.ones(1) + layer,
        lambda: torch.exp(layer),
    ]
    for operation in operations:
        with pytest.raises(SuiteFailure, match="a Layer came where a plain value was expected"):
            operation()
    assert repr(layer) == "<a Layer>"
    assert len({layer}) == 1


# -- what is asked of an object -----------------------------------------------------------------------------


def test_an_object_answers_questions() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    peer, _ = local_peer(model=model)
    handle = Student(peer).model
    assert len(handle) == 2 and isinstance(handle[0], Handle)
    assert list(handle.named_parameters()) == ["0.weight", "0.bias"]
    assert handle.gradients() == {"0.weight": None, "0.bias": None}
    assert [parameter.requires_grad for parameter in handle.parameters()] == [True, True]
    assert [entry.name for entry in peer.transcript.entries][:1] == ["length"]


def test_gradients_pass_through_a_call() -> None:
    layer = torch.nn.Linear(2, 1, bias=False)
    layer.weight.data = torch.tensor([[2.0, 3.0]])
    peer, connection = local_peer(layer=layer, pair=lambda x: (x * 2, [x * 3], {"none": 1}))
    student, x = Student(peer), torch.ones(1, 2, requires_grad=True)
    (student.layer(x) * 5).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[10, 15]]
    assert student.layer.gradients()["weight"].tolist() == [[5, 5]]
    one, (other,), rest = student.pair(x)
    assert rest == {"none": 1}
    (grad,) = torch.autograd.grad((one + other).sum(), x)
    assert grad.tolist() == [[5, 5]]
    del one, other
    gc.collect()
    assert len(connection.handler.graphs) > 0, "released with the next request"
    peer.begin(1)
    assert connection.handler.graphs == {}


def test_gradients_that_are_no_list_are_no_answer() -> None:
    peer = peer_at(FakeConnection(returned(torch.ones(2)), Missing(name="x")))
    for _ in range(2):
        with pytest.raises(WorkerLost):
            peer.backward(1, [torch.ones(2)])


def test_what_cannot_cross_comes_as_its_description() -> None:
    peer, _ = local_peer(f=lambda: "half \ud800")
    assert isinstance(Student(peer).f(), Unsendable)


def test_the_failure_of_a_suite_passes_through_code_that_is_here() -> None:
    """A call back that fails the test, on code in this process, arrives as an exception of that code's."""

    def fails() -> None:
        raise SuiteFailure(Failure("no"))

    peer, _ = local_peer(f=lambda function: function())
    with pytest.raises(StudentRaised) as raised:
        Student(peer).f(fails)
    assert raised.value.types[0] == "SuiteFailure"
