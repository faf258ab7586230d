"""A function of the tester's in the place of one of the learner's: gradients pass through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.protocol.gradients import join_graph, tensors_with_grad, without_graph
from grader.protocol.wire import loaded_torch


class StandIn:
    """Calls `function`. Its calls are numbered from 0: `gradients` gets a number, and the gradients of the results."""

    generation = 0  # it forgets none of its calls

    def __init__(self, function: Callable[..., Any], gradients: Callable[..., Any]) -> None:
        self.function = function
        self.gradients = gradients
        self.released: list[int] = []
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        number, self.calls = self.calls, self.calls + 1
        value = self.function(*args, **kwargs)
        torch = loaded_torch()
        if torch is None or not torch.is_grad_enabled():
            return without_graph(value)
        return join_graph(self, value, tensors_with_grad([*args, *kwargs.values()]), number)

    def backward(self, graph: int, grads: list[Any]) -> list[Any]:
        """The gradients of a call's arguments."""
        return list(self.gradients(graph, grads))
