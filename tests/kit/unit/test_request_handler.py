"""What a worker answers to each request, in this process."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from grader.protocol import wire
from grader.protocol.frames import FrameKind
from grader.protocol.messages import (
    AnyReply,
    Backward,
    Begin,
    Call,
    GetChangedState,
    GetGradients,
    GetItem,
    GetLength,
    GetNamedParameters,
    GetParameters,
    Import,
    Load,
    Loaded,
    Lookup,
    Missing,
    Raised,
    Request,
    Returned,
    SetUp,
    read_reply,
)
from grader.protocol.wire import Unsendable, WireError
from grader.worker import loading
from grader.worker.request_handler import FRAMES_SHOWN, LOCALS_SHOWN, MESSAGE_SHOWN, RequestHandler
from unit.fakes import Node, module_of, packed


class Worker:
    """A handler of a module with these names, asked by messages as the tester asks it."""

    def __init__(self, root: str = "", **names: Any) -> None:
        self.called: list[tuple[int, list[Any], dict[str, Any]]] = []
        self.handler = RequestHandler(self.call_back, module_of(**names), root)

    def call_back(self, number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self.called.append((number, args, kwargs))
        return len(self.called)

    def ask(self, request: Request) -> AnyReply:
        frame = self.handler.answer(self.handler.read(packed(request, FrameKind.REQUEST)))
        reply: AnyReply = read_reply(frame, lambda tag, rest: Node(tag, *rest))
        return reply

    def value(self, request: Request) -> Any:
        reply = self.ask(request)
        assert isinstance(reply, Returned), reply
        return reply.value

    def raised(self, request: Request) -> Raised:
        reply = self.ask(request)
        assert isinstance(reply, Raised), reply
        return reply

    def look_up(self, name: str, target: Any = None, release: tuple[int, ...] = ()) -> Any:
        return self.value(Lookup(target=target, name=name, release=release))

    def call(self, name: str, *args: Any, grad: bool = False, count: bool = False, **kwargs: Any) -> AnyReply:
        target = back(self.look_up(name))
        return self.ask(Call(target=target, args=list(args), kwargs=kwargs, grad=grad, count=count))

    def answer(self, name: str, *args: Any, **kwargs: Any) -> Any:
        reply = self.call(name, *args, **kwargs)
        assert isinstance(reply, Returned), reply
        return reply.value


def back(handle: Node) -> Node:
    """A handle as the tester sends it back: its number alone."""
    return Node("handle", handle.node[1])


class Counter:
    def __init__(self) -> None:
        self.items = [10, 20, 30]

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    @property
    def broken(self) -> int:
        return self.missing  # type: ignore[attr-defined, no-any-return]  # that it fails is the point

    @property
    def fine(self) -> int:
        return 4


# -- names --------------------------------------------------------------------------------------------------


def test_constants_cross_and_functions_modules_and_objects_become_handles() -> None:
    worker = Worker(
        f=len, Q1="B", layer=torch.nn.Linear(2, 2), thing=Counter(), weight=torch.ones(2, requires_grad=True)
    )
    assert worker.look_up("Q1") == "B"
    found = [worker.look_up(name).node for name in ("f", "layer", "thing")]
    assert [(kind, type_name) for _, _, kind, type_name in found] == [
        ("callable", "builtin_function_or_method"),
        ("module", "Linear"),
        ("object", "Counter"),
    ]
    weight = worker.look_up("weight")
    assert weight.tolist() == [1.0, 1.0] and not weight.requires_grad


def test_a_name_that_is_not_there_is_missing() -> None:
    assert Worker().ask(Lookup(target=None, name="f")) == Missing(name="f")
    worker = Worker(thing=Counter())
    thing = back(worker.look_up("thing"))
    assert worker.ask(Lookup(target=thing, name="other")) == Missing(name="other")


def test_a_property_that_fails_inside_has_raised_and_is_not_missing() -> None:
    worker = Worker(thing=Counter())
    thing = back(worker.look_up("thing"))
    assert worker.look_up("fine", thing) == 4
    assert worker.raised(Lookup(target=thing, name="broken")).types[0] == "AttributeError"


def test_a_module_is_imported_whatever_the_file_under_test_imports() -> None:
    worker = Worker()
    module = back(worker.value(Import(name="torch.nn")))
    assert worker.look_up("Linear", target=module).node[2] == "callable"
    assert worker.raised(Import(name="no_such_module")).types[0] == "ModuleNotFoundError"


def test_items_and_lengths() -> None:
    worker = Worker(thing=Counter(), layers=torch.nn.ModuleList([torch.nn.ReLU()]))
    thing, layers = back(worker.look_up("thing")), back(worker.look_up("layers"))
    assert worker.value(GetLength(target=thing)) == 3
    assert worker.value(GetItem(target=thing, index=-1)) == 30
    assert worker.value(GetItem(target=thing, index=slice(1, None))) == [20, 30]
    assert worker.raised(GetItem(target=thing, index=9)).types[0] == "IndexError"
    assert worker.value(GetItem(target=layers, index=0)).node[2:] == ("module", "ReLU")


# -- calls --------------------------------------------------------------------------------------------------


def test_a_call_returns_plain_values() -> None:
    worker = Worker(f=lambda x, y=1: (x + y, None, [x]))
    assert worker.answer("f", 2, y=3) == (5, None, [2])


def test_a_returned_path_crosses_as_a_path() -> None:
    """It became a handle once, although the wire has a form for it."""
    worker = Worker(f=lambda x: (Path("a/b"), type(x).__name__), place=Path("c"))
    assert worker.answer("f", Path("in")) == (Path("a/b"), "PosixPath")
    assert worker.look_up("place") == Path("c")
    assert worker.handler.objects.keys() == {1}, "the function alone"


@pytest.mark.parametrize(
    "value",
    [slice(1, 2), Ellipsis, 1j, np.float32(1), np.ones(2), torch.float32, torch.device("cpu"), torch.ones(2).shape],
    ids=repr,
)
def test_what_the_wire_can_carry_is_no_handle(value: Any) -> None:
    found = Worker(f=lambda: value).answer("f")
    assert type(found) in (type(value), tuple)


def test_generators_cross_and_come_back_where_they_are() -> None:
    def draws(ours: torch.Generator, theirs: np.random.Generator) -> float:
        return float(torch.rand(1, generator=ours)) + theirs.random()

    reply = Worker(f=draws).call("f", torch.Generator().manual_seed(1), np.random.default_rng(1))
    assert isinstance(reply, Returned)
    ours, theirs = torch.Generator().manual_seed(1), np.random.default_rng(1)
    assert reply.value == draws(ours, theirs)
    assert reply.changed[0].get_state().equal(ours.get_state())
    assert reply.changed[1].random() == theirs.random()


def test_arguments_that_were_changed_are_reported_as_they_are_now() -> None:
    def changes(x: torch.Tensor, y: torch.Tensor, items: list[int], *, z: np.ndarray) -> None:
        x += 1
        items.append(3)
        z[0] = 9

    reply = Worker(f=changes).call("f", torch.zeros(2), torch.zeros(2), [1], z=np.zeros(2))
    assert isinstance(reply, Returned)
    assert reply.changed.keys() == {0, 2, "z"}
    assert reply.changed[0].tolist() == [1, 1] and reply.changed[2] == [1, 3] and reply.changed["z"].tolist() == [9, 0]


def test_an_object_that_is_passed_back_is_not_called_changed() -> None:
    worker = Worker(thing=Counter(), f=lambda thing, others: len(others))
    thing = back(worker.look_up("thing"))
    reply = worker.call("f", thing, [thing])
    assert isinstance(reply, Returned) and reply.changed == {} and reply.value == 1


def test_a_function_of_the_testers_is_called_there() -> None:
    worker = Worker(f=lambda function, x: function(x, y=2) + function())
    assert worker.answer("f", Node("callback", 5), 1) == 3
    assert worker.called == [(5, [1], {"y": 2}), (5, [], {})]
    assert worker.answer("f", Node("callback", 5), 1) == 7
    activations = Worker(f=lambda function: function(torch.tensor([-1.0, 2.0])))
    assert activations.answer("f", Node("function", "relu")).tolist() == [0, 2]


def test_the_work_is_counted_where_it_is_asked_for() -> None:
    worker = Worker(f=lambda x: x @ x)
    reply = worker.call("f", torch.ones(4, 4), count=True)
    assert isinstance(reply, Returned) and reply.counts is not None
    assert (reply.counts.flops, reply.counts.largest) == (2 * 4**3, 16)
    uncounted = worker.call("f", torch.ones(4, 4))
    assert isinstance(uncounted, Returned) and uncounted.counts is None


@pytest.mark.parametrize("grad", [False, True])
def test_counting_does_not_disturb_a_module_that_returns_a_view_of_its_weight(grad: bool) -> None:
    class Row(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))

        def forward(self, i: int) -> torch.Tensor:
            return self.weight[i]

    worker = Worker(f=lambda: Row()(1) @ torch.ones(3, 2))
    reply = worker.call("f", count=True, grad=grad)
    assert isinstance(reply, Returned) and reply.counts is not None
    assert reply.counts.flops == 2 * 3 * 2


def test_gradients_are_on_where_they_are_asked_for() -> None:
    worker = Worker(f=lambda: torch.is_grad_enabled())
    assert worker.answer("f", grad=True) is True
    assert worker.answer("f", grad=False) is False


# -- modules and gradients ----------------------------------------------------------------------------------


def layer() -> torch.nn.Linear:
    made = torch.nn.Linear(2, 1, bias=False)
    made.weight.data = torch.tensor([[2.0, 3.0]])
    return made


def test_parameters_are_references_and_their_values_go_by_name() -> None:
    both = torch.nn.Sequential(tied := layer(), torch.nn.Linear(1, 1), tied)
    worker = Worker(model=both)
    model = back(worker.look_up("model"))
    references = worker.value(GetParameters(target=model))
    assert [item.node[2:] for item in references] == [("parameter", "Parameter")] * 3
    named = worker.value(GetNamedParameters(target=model))
    assert list(named) == ["0.weight", "1.weight", "1.bias"] and named["0.weight"].tolist() == [[2, 3]]
    assert not named["0.weight"].requires_grad
    assert worker.value(GetGradients(target=model)) == dict.fromkeys(named)
    assert worker.look_up("grad", back(references[0])) is None


def test_results_are_differentiated_together_from_the_gradients_that_came() -> None:
    handler = RequestHandler(lambda *_: None)
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    outputs = [x * x, 5 * x, torch.stack([x, 1j * x]), x.half()]
    grads = [torch.tensor([1.0, 10.0]), None, torch.tensor([[1.0, 0], [0, 2j]]), torch.ones(2).half()]
    for _ in range(2):  # the graph is kept
        reply = handler.differentiate(outputs, [x], grads)
        assert reply.value[0].tolist() == [4.0 + 1 + 1, 60.0 + 2 + 1]
        assert x.grad is None
    assert handler.differentiate(outputs, [x], [None] * 4).value == [None]


DIFFERENTIATE = """import sys
import torch
from grader.worker.request_handler import RequestHandler

x = torch.ones(3, requires_grad=True)
found = RequestHandler(lambda *_: None).differentiate([2 * x], [x], [torch.ones(3)]).value
print(found[0].tolist(), "sympy" in sys.modules)
"""


def test_differentiating_imports_no_library_for_symbols() -> None:
    """Each worker would spend a third of a second of its test's time on it."""
    done = subprocess.run([sys.executable, "-c", DIFFERENTIATE], capture_output=True, text=True, check=True)
    assert done.stdout == "[2.0, 2.0, 2.0] False\n"


def test_a_call_is_differentiated_later_and_its_graph_is_released() -> None:
    worker = Worker(layer=layer())
    handle = back(worker.look_up("layer"))
    x = torch.tensor([[1.0, 1.0]], requires_grad=True)
    reply = worker.ask(Call(target=handle, args=[x], kwargs={}, grad=True, count=False))
    assert isinstance(reply, Returned) and reply.graph is not None
    for times in (1, 2):
        (grad,) = worker.value(Backward(graph=reply.graph, grads=[torch.ones(1, 1)]))
        assert grad.tolist() == [[2, 3]]
        assert worker.value(GetGradients(target=handle))["weight"].tolist() == [[times, times]]
    worker.ask(Begin(seed=1, release=(reply.graph,)))
    assert worker.raised(Backward(graph=reply.graph, grads=[torch.ones(1, 1)])).types[0] == "KeyError"


def test_a_result_without_a_gradient_keeps_no_graph() -> None:
    worker = Worker(f=lambda x: x * 2)
    worker.call("f", torch.ones(2, requires_grad=True), grad=False)
    worker.call("f", torch.ones(2), grad=True)
    assert worker.handler.graphs == {}


def test_each_handle_has_a_number_of_its_own_and_is_released_by_it() -> None:
    worker = Worker(thing=Counter())
    one, other = worker.look_up("thing"), worker.look_up("thing")
    assert one.node[1] != other.node[1]
    assert worker.look_up("fine", back(other), release=(one.node[1], 12345)) == 4
    with pytest.raises(WireError):
        worker.look_up("fine", back(one))


# -- a test begins, a file is imported ----------------------------------------------------------------------


@pytest.fixture
def random_state() -> Iterator[None]:
    """What these tests seed is as it was afterwards."""
    python, numpy, ours = random.getstate(), np.random.get_state(), torch.get_rng_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)
    torch.set_rng_state(ours)


def test_every_test_begins_with_the_same_random_state(random_state: None) -> None:
    def draws() -> list[float]:
        return [random.random(), float(np.random.rand()), float(torch.rand(1))]

    worker = Worker(f=draws)
    worker.ask(Begin(seed=2**40))
    first = worker.answer("f")
    assert worker.answer("f") != first
    worker.ask(Begin(seed=2**40))
    assert worker.answer("f") == first


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Callable[[str], Load]]:
    """Writes a learner's file and gives the request to import it. All is forgotten afterwards."""
    import sys

    folder = tmp_path / "ch_unit"
    folder.mkdir()
    wrote = sys.dont_write_bytecode

    def written(source: str) -> Load:
        (folder / "a.py").write_text(source, encoding="utf-8")
        return Load(name="ch_unit.a", path=str(folder / "a.py"), root=str(tmp_path))

    yield written
    sys.dont_write_bytecode = wrote
    loading.forget(str(tmp_path))
    sys.modules.pop("ch_unit.a", None)


def test_a_file_is_imported_with_its_earlier_parts(tree: Callable[[str], Load], tmp_path: Path) -> None:
    (tmp_path / "ch_unit" / "before.py").write_text("X = 4\n", encoding="utf-8")
    worker = Worker()
    assert worker.ask(tree("from ch_unit.before import X\nY = X + 1\n")) == Loaded()
    assert worker.look_up("Y") == 5


def test_a_file_that_does_not_parse_is_told_with_its_line(tree: Callable[[str], Load]) -> None:
    reply = Worker().ask(tree("x = 1\ndef f(:\n"))
    assert isinstance(reply, Loaded) and reply.raised is not None and reply.failures == ()
    raised = reply.raised
    assert raised.types[0] == "SyntaxError"
    assert (raised.frames[-1].line, raised.frames[-1].text) == (2, "def f(:")


def test_a_notebooks_cells_are_run_and_those_that_fail_are_told(tree: Callable[[str], Load]) -> None:
    load = tree("def f():\n    return n\n\nn = 1\nshow(n)\nn = 2\n\nm = (\n\n")
    worker = Worker()
    reply = worker.ask(msgspec.structs.replace(load, notebooks={"ch_unit.a": ((1, 1), (4, 3), (8, 4))}))
    assert isinstance(reply, Loaded) and reply.raised is None
    assert [(item.module, item.cell, item.line, item.type) for item in reply.failures] == [
        ("ch_unit.a", 3, 5, "NameError"),
        ("ch_unit.a", 4, 8, "SyntaxError"),
    ]
    assert worker.answer("f") == 1


def test_only_the_learners_own_frames_are_told_each_with_its_values(tree: Callable[[str], Load]) -> None:
    source = "import json\ndef f(x):\n    y = x + 1\n    return json.loads('{')\ndef g():\n    return f(1)\n"
    worker = Worker()
    worker.ask(tree(source))
    reply = worker.call("g")
    assert isinstance(reply, Raised) and reply.types[0] == "JSONDecodeError"
    assert [(frame.function, frame.line, frame.text) for frame in reply.frames] == [
        ("g", 6, "return f(1)"),
        ("f", 4, "return json.loads('{')"),
    ]
    assert reply.frames[1].locals == (("x", "1"), ("y", "2"))


def test_of_a_long_way_and_many_values_a_few_are_told(tree: Callable[[str], Load]) -> None:
    many = "".join(f"    v{i} = {i}\n" for i in range(30))
    worker = Worker()
    worker.ask(tree(f"def f(n):\n{many}    return f(n - 1) if n else 1 / 0\n"))
    reply = worker.call("f", 20)
    assert isinstance(reply, Raised)
    assert len(reply.frames) == FRAMES_SHOWN and len(reply.frames[0].locals) == LOCALS_SHOWN
    assert reply.frames[0].locals[0] == ("n", "20") and reply.frames[-1].locals[0] == ("n", "0")


# -- exceptions ---------------------------------------------------------------------------------------------


class Liar(Exception):
    def __str__(self) -> str:
        raise SystemExit("asked for its text")


@pytest.mark.parametrize(
    ("error", "types", "message"),
    [
        (ValueError("no 7"), ("ValueError", "Exception", "BaseException", "object"), "no 7"),
        (SystemExit(3), ("SystemExit", "BaseException", "object"), "3"),
        (KeyboardInterrupt(), ("KeyboardInterrupt", "BaseException", "object"), ""),
        (Liar(), ("Liar", "Exception", "BaseException", "object"), "(its message could not be read)"),
        (ValueError("half \ud800"), ("ValueError", "Exception", "BaseException", "object"), "half ?"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_whatever_the_learners_code_raises_is_a_reply(
    error: BaseException, types: tuple[str, ...], message: str
) -> None:
    def raises() -> None:
        raise error

    reply = Worker(f=raises).call("f")
    assert reply == Raised(types=types, message=message, frames=())


def test_a_message_without_end_is_cut() -> None:
    def raises() -> None:
        raise ValueError("x" * 10**6)

    reply = Worker(f=raises).call("f")
    assert isinstance(reply, Raised) and reply.message == "x" * MESSAGE_SHOWN


def test_the_workers_own_requests_do_not_reach_the_learners_code() -> None:
    set_up = SetUp(scratch="/", readable=(), tier="none", memory_bytes=1, processor_seconds=1)
    for request in (GetChangedState(), set_up):
        assert Worker().raised(request).types[0] == "WireError"


def test_a_handle_that_is_not_there_is_refused() -> None:
    with pytest.raises(WireError):
        Worker().ask(GetLength(target=Node("handle", 77)))
    with pytest.raises(WireError):
        Worker().ask(GetLength(target=Node("unknown", 77)))


# -- what cannot cross --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("half \ud800", "a string that is no text"),
        (["a", {"k": "\udcff"}], "a string that is no text"),
        (10**5000, "a whole number of more than 4,000 digits"),
    ],
    ids=["half a character", "nested", "digits without end"],
)
def test_text_that_is_none_and_numbers_without_end_are_described(value: Any, words: str) -> None:
    """They ended the worker's process, and the learner was told so."""
    found = Worker(f=lambda: value).answer("f")
    while isinstance(found, list | dict):
        found = found[1] if isinstance(found, list) else found["k"]
    assert isinstance(found, Unsendable) and found.description.startswith(words)


def test_a_value_that_is_too_large_in_all_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended the worker's process, and the learner was told so."""
    monkeypatch.setattr(wire, "HEADER_LIMIT", 1000)
    reply = Worker(f=lambda: list(range(2000))).call("f")
    assert isinstance(reply, Returned) and reply.changed == {}
    assert isinstance(reply.value, Unsendable) and reply.value.description == "a value that is too large to send"


class Shy:
    """Raises when its type is asked for, as a proxy without an object does."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __getattribute__(self, name: str) -> Any:
        raise object.__getattribute__(self, "error")


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_object_that_raises_when_it_is_looked_at_is_described(error: BaseException) -> None:
    """It ended the worker's process, and the learner was told that `os._exit` is no way to answer."""
    found = Worker(f=lambda: Shy(error)).answer("f")
    assert isinstance(found, Unsendable)
    assert found.description == "an object that raises when its type is asked for"
