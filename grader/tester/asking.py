"""Asks one side about one call, on the objects that are there at that moment: the same again, and changes of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from grader.protocol.messages import Begin, GetGradients
from grader.protocol.wire import loaded_torch
from grader.tester.answers import Answer, Answers, Gradients
from grader.tester.compare import as_array, values_match
from grader.tester.failures import SuiteFailure
from grader.tester.peer import Peer
from grader.tester.transcript import Entry
from grader.tester.variations import Change
from grader.tester.watch import Asked, copied

SEED, OTHER_SEED = 1, 2
MOST_MOVED = 4
REFUSALS = (SuiteFailure, TypeError, ValueError, RuntimeError, IndexError)


class TimeLimit:
    """The seconds that all questions to a file may take: of the processor, here and in the worker, and by the clock.

    The clock's are many more, so that on a busy machine the same is found.
    """

    def __init__(self, used: Callable[[], float], seconds: float, clock_seconds: float) -> None:
        self.used = used
        self.most = used() + seconds
        self.deadline = time.monotonic() + clock_seconds

    @property
    def is_over(self) -> bool:
        return self.used() > self.most or time.monotonic() > self.deadline


class Budget:
    """How many calls may be made, as long as there is time."""

    def __init__(self, calls: int, time_limit: TimeLimit) -> None:
        self.calls = calls
        self.time_limit = time_limit

    def take(self) -> bool:
        """Whether one more is left."""
        self.calls -= 1
        return self.calls >= 0 and not self.time_limit.is_over


class Asker:
    """One call of one peer. Each answer is given to copies of the arguments."""

    def __init__(self, peer: Peer, target: Any, entry: Entry, asked: Asked, budget: Budget) -> None:
        self.peer = peer
        self.target = target
        self.positions = len(entry.args)
        self.arguments = asked.arguments
        self.first = Answer(entry.value, given=True)
        self.budget = budget

    def answers(self) -> Answers:
        """To the call itself, several times."""
        again, seeded, seeded_again = self.ask(), self.ask(seed=SEED), self.ask(seed=SEED)
        return Answers(self.first, again, seeded, seeded_again, self.ask(seed=OTHER_SEED))

    def changed(self, variations: Iterable[tuple[Change, Mapping[str, Any]]]) -> dict[Change, Answer]:
        """To each of these, under the first seed, as far as the budget goes but for one call."""
        return {change: self.ask(arguments, SEED) for change, arguments in variations if self.budget.calls > 1}

    def ask(self, arguments: Mapping[str, Any] | None = None, seed: int | None = None) -> Answer:
        """One call; none is made where the budget is spent."""
        if not self.budget.take():
            return Answer()
        with contextlib.suppress(*REFUSALS):
            return Answer(
                self.call({name: copied(value) for name, value in (arguments or self.arguments).items()}, seed), True
            )
        return Answer()

    def call(self, arguments: Mapping[str, Any], seed: int | None) -> Any:
        if seed is not None:
            self.peer.ask(Begin(seed=seed))
        values = list(arguments.values())
        named = dict(list(arguments.items())[self.positions :])
        return self.peer.call(self.target, tuple(values[: self.positions]), named)

    # -- gradients ------------------------------------------------------------------------------------

    def gradients(self) -> Gradients | None:
        """Those of one backward pass under the first seed, from the same gradient of the result on both sides."""
        torch = loaded_torch()
        if torch is None or not self.budget.take():
            return None
        with contextlib.suppress(*REFUSALS), torch.enable_grad():
            before = self._of_parameters()
            arguments = {name: _collecting(copied(value), torch) for name, value in self.arguments.items()}
            value = self.call(arguments, SEED)
            outputs = [item for item in (value if type(value) is tuple else [value]) if _is_float(item, torch)]
            if not outputs:
                return None
            incoming = [_cotangent(item, torch) for item in outputs]
            parts = [(item * grad).sum() for item, grad in zip(outputs, incoming, strict=True) if item.requires_grad]
            if parts:
                torch.stack([part.double() for part in parts]).sum().backward()
            return Gradients(
                {name: _gradient(item.grad) for name, item in arguments.items() if _is_float(item, torch)},
                {name: _since(grad, before.get(name)) for name, grad in self._of_parameters().items()},
                _gradient(incoming[0]) if len(incoming) == 1 else None,
            )
        return None

    def _of_parameters(self) -> dict[str, Any]:
        if self.target._kind != "module":
            return {}
        found = self.peer.query("gradients", self.target, GetGradients(target=self.target))
        return dict(found) if isinstance(found, dict) else {}

    def after_moving(self, names: Iterable[str]) -> dict[str, Answer]:
        """The answers when each of these parameters has another value, as far as it takes one.

        One that is shared under two names gets back what the other name has.
        """
        found: dict[str, Answer] = {}
        for name in list(names)[:MOST_MOVED]:
            with contextlib.suppress(*REFUSALS):
                state = dict(self.target.state_dict())
                moved = state[name] + _noise(state[name])
                self.target.load_state_dict({**state, name: moved})
                if values_match(self.target.state_dict()[name], moved):
                    found[name] = self.ask(seed=SEED)
                self.target.load_state_dict(state)
        return found


def _collecting(value: Any, torch: Any) -> Any:
    return value.requires_grad_() if _is_float(value, torch) else value


def _is_float(value: Any, torch: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _cotangent(item: Any, torch: Any) -> Any:
    """Numbers of both signs, all different, the same for both sides."""
    return torch.cos(1.7 * torch.arange(item.numel(), dtype=torch.float64) + 0.3).reshape(item.shape).to(item.dtype)


def _noise(item: Any) -> Any:
    """Differences in no order, so that no normalization takes them out again."""
    numbers = np.random.default_rng(SEED).normal(size=tuple(item.shape)) * (1.0 + float(item.abs().max()))
    return item.new_tensor(numbers)


def _gradient(grad: Any) -> np.ndarray | None:
    return None if grad is None else as_array(grad)


def _since(grad: Any, before: Any) -> np.ndarray | None:
    """What came in addition to what was there."""
    now, earlier = _gradient(grad), _gradient(before)
    return now if now is None or earlier is None else now - earlier
