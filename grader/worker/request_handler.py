"""What a worker does with a request: import, call, look up, differentiate, describe an exception.

The same code serves the worker behind its socket and, inside the tester, the mutants of the reference
and `--debug`. What it answers is a claim; the tester decides.
"""

from __future__ import annotations

import contextlib
import linecache
import random
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from grader.protocol import values as wire
from grader.protocol.describe import describe
from grader.worker import counting, loading

Callback = Callable[[int, list[Any], dict[str, Any]], Any]
FRAMES_SHOWN = 6
LOCALS_SHOWN = 12


class RequestHandler:
    """One exercise under test, and the objects of it that the tester holds handles to."""

    def __init__(self, callback: Callback, module: Any = None, root: str = "") -> None:
        self.callback = callback
        self.module = module
        self.root = root
        self.objects: dict[int, Any] = {}
        self.graphs: dict[int, tuple[list[Any], list[Any]]] = {}
        self.counter = 0

    # -- frames ---------------------------------------------------------------------------------------

    def answer(self, frame_header: bytes, frame_body: bytes | memoryview) -> bytes:
        """One request frame in, one reply frame out; whatever the learner's code raises is a reply too."""
        inputs: list[Any] = []
        request = wire.decode(frame_header, frame_body, lambda tag, rest: self.restore(tag, rest))
        for number in request.pop("release", ()):
            self.release(number)
        outputs: list[Any] = []
        try:
            reply = getattr(self, "do_" + request.pop("op"))(inputs=inputs, **request)
        except BaseException as error:  # a learner's SystemExit or KeyboardInterrupt is data here
            reply = {"raised": self.describe_exception(error)}
        reply_frame = self.encode(reply, outputs)
        if outputs and "graph" in reply:
            self.graphs[reply["graph"]] = (outputs, inputs)
        return reply_frame

    def encode(self, value: Any, outputs: list[Any] | None = None) -> bytes:
        return wire.encode(value, lambda item: self.reduce(item, outputs, self.handle))

    def picture(self, value: Any) -> bytes:
        """The value as it is now, to be compared with later: no handle to it leaves this process."""
        return wire.encode(value, lambda item: self.reduce(item, None, lambda other: ["object", id(other)]))

    def reduce(self, value: Any, outputs: list[Any] | None, other: Callable[[Any], list[Any]]) -> list[Any] | None:
        """The node of a value that the wire has no form for; `other` makes that of an object that stays here."""
        if type(value) is _Reference:
            return value.node
        torch = wire.loaded_torch()
        if torch is not None:
            if isinstance(value, torch.Tensor):
                if outputs is not None and value.requires_grad:
                    outputs.append(value)
                return None
            if isinstance(value, torch.Generator | torch.dtype | torch.device | torch.Size):
                return None
        if value is Ellipsis or isinstance(
            value, wire.Unsendable | np.ndarray | np.generic | np.random.Generator | complex | slice
        ):
            return ["odd", value.description] if isinstance(value, wire.Unsendable) else None
        return other(value)

    def handle(self, value: Any) -> list[Any]:
        """Its number, its kind and the name of its type.

        Each handle has a number of its own: one that is given back leaves others to the same object alone.
        """
        self.counter += 1
        self.objects[self.counter] = value
        return ["handle", self.counter, self.kind_of(value), type(value).__name__]

    @staticmethod
    def kind_of(value: Any) -> str:
        torch = wire.loaded_torch()
        if torch is not None and isinstance(value, torch.nn.Module):
            return "module"
        if torch is not None and isinstance(value, torch.Tensor):
            return "parameter"
        return "callable" if callable(value) else "object"

    def restore(self, tag: str, rest: list[Any]) -> Any:
        if tag == "handle":
            return self.objects[rest[0]]
        if tag == "callback":
            number = rest[0]
            return lambda *args, **kwargs: self.callback(number, list(args), kwargs)
        if tag == "function":
            torch = wire.loaded_torch()
            return {"relu": torch.nn.functional.relu, "tanh": torch.tanh}[rest[0]]
        raise wire.WireError(f"unknown tag {tag!r}")

    def release(self, number: int) -> None:
        self.objects.pop(number, None)
        self.graphs.pop(number, None)

    # -- requests -------------------------------------------------------------------------------------

    def do_load(self, name: str, path: str, root: str, inputs: list[Any]) -> dict[str, Any]:
        self.root = root
        self.module = loading.load_exercise(name, path, root)
        return {"value": True}

    def do_begin(self, seed: int, inputs: list[Any]) -> dict[str, Any]:
        """Known random state for a test, the same for every answer to it."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch = wire.loaded_torch()
        if torch is not None:
            torch.default_generator.manual_seed(seed)  # torch.manual_seed is slow: it looks for accelerators too
        return {"value": True}

    def do_lookup(self, target: Any, name: str, inputs: list[Any]) -> dict[str, Any]:
        """An attribute of the module (`target` None) or of a handle's object."""
        owner = self.module if target is None else target
        try:
            value = getattr(owner, name)
        except AttributeError as error:
            if traceback.extract_tb(error.__traceback__)[1:]:
                raise  # the learner's own property failed inside
            return {"missing": name}
        torch = wire.loaded_torch()
        if torch is not None and isinstance(value, torch.Tensor):
            value = value.detach()
        return {"value": value}

    def do_item(self, target: Any, index: Any, inputs: list[Any]) -> dict[str, Any]:
        return {"value": target[index]}

    def do_length(self, target: Any, inputs: list[Any]) -> dict[str, Any]:
        return {"value": len(target)}

    def do_call(
        self, target: Any, args: list[Any], kwargs: dict[str, Any], grad: bool, count: bool, inputs: list[Any]
    ) -> dict[str, Any]:
        """Call, with what changed among the arguments and what the work was, if asked."""
        inputs.extend(_tensors_with_grad([*args, *kwargs.values()]))
        named: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        before = {key: self.picture(value) for key, value in named.items()}
        counter = counting.OpCounter() if count else None
        with _grad_mode(grad), counter.measuring() if counter else contextlib.nullcontext():
            value = target(*args, **kwargs)
        changed = {key: item for key, item in named.items() if self.picture(item) != before[key]}
        reply = {"value": value, "changed": changed, "graph": self.next_graph()}
        return reply | {"counts": counter.counts()} if counter else reply

    def next_graph(self) -> int:
        self.counter += 1
        return self.counter

    def do_backward(self, graph: int, grads: list[Any], inputs: list[Any]) -> dict[str, Any]:
        """Differentiate an earlier call; gradients of parameters stay here, those of arguments go back."""
        torch = wire.loaded_torch()
        outputs, leaves = self.graphs[graph]
        pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=True) if grad is not None]
        torch.autograd.backward([out for out, _ in pairs], [grad for _, grad in pairs], retain_graph=True)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        return {"value": found}

    def do_parameters(self, target: Any, inputs: list[Any]) -> dict[str, Any]:
        """References to the parameters, as `module.parameters()` yields them: a shared one once."""
        return {"value": [_Reference(self.handle(parameter)) for parameter in target.parameters()]}

    def do_named_parameters(self, target: Any, inputs: list[Any]) -> dict[str, Any]:
        return {"value": {name: item.detach() for name, item in target.named_parameters()}}

    def do_gradients(self, target: Any, inputs: list[Any]) -> dict[str, Any]:
        return {"value": {name: item.grad for name, item in target.named_parameters()}}

    # -- exceptions -----------------------------------------------------------------------------------

    def describe_exception(self, error: BaseException) -> dict[str, Any]:
        """The exception as text: its types, its message and the learner's own frames."""
        try:
            message = str(error)
        except BaseException:  # an exception may lie about its own text
            message = "(its message could not be read)"
        frames = list(self.own_frames(error))
        if isinstance(error, SyntaxError) and error.filename:
            frames.append([error.filename, error.lineno or 0, "", (error.text or "").strip(), []])
        if len(frames) > FRAMES_SHOWN:
            frames = frames[:3] + frames[-3:]
        names = [kind.__name__ for kind in type(error).__mro__]
        return {"types": names, "message": message[:2000], "frames": frames}

    def own_frames(self, error: BaseException) -> Iterator[list[Any]]:
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if self.root and code.co_filename.startswith(self.root):
                text = linecache.getline(code.co_filename, trace.tb_lineno).strip()
                yield [
                    code.co_filename,
                    trace.tb_lineno,
                    code.co_qualname,
                    text,
                    _locals_of(trace.tb_frame),
                ]
            trace = trace.tb_next


class _Reference:
    """Sends a tensor as a handle although tensors travel as values."""

    def __init__(self, node: list[Any]) -> None:
        self.node = node


def _locals_of(frame: Any) -> list[Any]:
    described = []
    for name, value in list(frame.f_locals.items())[:LOCALS_SHOWN]:
        with contextlib.suppress(Exception):
            described.append([name, describe(value)])
    return described


def _tensors_with_grad(values: list[Any]) -> Iterator[Any]:
    torch = wire.loaded_torch()
    if torch is None:
        return
    for value in values:
        if isinstance(value, torch.Tensor):
            if value.requires_grad and type(value) is torch.Tensor:
                yield value
        elif type(value) in (list, tuple):
            yield from _tensors_with_grad(list(value))
        elif type(value) is dict:
            yield from _tensors_with_grad(list(value.values()))


@contextlib.contextmanager
def _grad_mode(enabled: bool) -> Iterator[None]:
    torch = wire.loaded_torch()
    if torch is None:
        yield
        return
    with torch.set_grad_enabled(enabled):
        yield
