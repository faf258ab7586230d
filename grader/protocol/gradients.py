"""Autograd passes through calls that are made in another process: their backward pass is one more request."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Protocol

from grader.protocol.wire import loaded_torch


class Differentiable(Protocol):
    """Whoever can differentiate an earlier call. A new `generation` has forgotten the calls of the one before."""

    generation: int
    released: list[int]

    def backward(self, graph: int, grads: list[Any]) -> list[Any]: ...


class GraphRef:
    """Keeps an earlier call's graph alive on the other side for as long as someone may differentiate it."""

    def __init__(self, peer: Differentiable, number: int) -> None:
        self.peer = peer
        self.number = number
        weakref.finalize(self, release, peer, number, peer.generation)


def release(peer: Differentiable, number: int, generation: int) -> None:
    """Let the other side know, with the next request, that it may forget this object."""
    if peer.generation == generation:
        peer.released.append(number)


def join_graph(peer: Differentiable, value: Any, inputs: list[Any], graph: int | None) -> Any:
    """Make this process's autograd pass through the call, if anything in the result asks for it."""
    torch = loaded_torch()
    outputs = tensors_with_grad(value)
    if not outputs or graph is None:
        return value
    anchor = torch.zeros((), requires_grad=True)  # one input that always asks for a gradient
    joined = _remote_function(torch).apply(GraphRef(peer, graph), len(outputs), anchor, *outputs, *inputs)
    replaced = {id(old): new for old, new in zip(outputs, joined, strict=True)}
    return _replace(value, replaced)


def without_graph(value: Any) -> Any:
    """The same result with no tensor in it that asks for a gradient."""
    return _replace(value, {id(item): item.detach() for item in tensors_with_grad(value)})


def tensors_with_grad(value: Any) -> list[Any]:
    """The tensors in a value that ask for gradients, in collections too."""
    torch = loaded_torch()
    return [] if torch is None else [item for item in _leaves(value) if _needs_grad(item, torch)]


def _remote_function(torch: Any) -> Any:
    class Remote(torch.autograd.Function):  # type: ignore[misc]  # the base is untyped in torch
        """Stands for a call made elsewhere: its backward pass is one more request."""

        @staticmethod
        def forward(ctx: Any, remote: GraphRef, count: int, anchor: Any, *tensors: Any) -> Any:
            ctx.remote, ctx.count = remote, count
            ctx.inputs = len(tensors) - count
            ctx.set_materialize_grads(False)
            return tuple(item.detach() for item in tensors[:count])

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            found = ctx.remote.peer.backward(ctx.remote.number, list(grads))
            found = (found + [None] * ctx.inputs)[: ctx.inputs]
            return (None, None, None, *([None] * ctx.count), *found)

    return Remote


def _leaves(value: Any) -> Iterator[Any]:
    if type(value) in (list, tuple, set, frozenset):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def _needs_grad(item: Any, torch: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.requires_grad


def _replace(value: Any, replaced: dict[int, Any]) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_replace(item, replaced) for item in value)
    if type(value) is dict:
        return {key: _replace(item, replaced) for key, item in value.items()}
    return replaced.get(id(value), value)
