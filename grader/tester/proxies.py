"""`student` and `reference` as a suite sees them: names to call, and handles to objects."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn, Protocol

from grader.protocol.gradients import Differentiable, release
from grader.protocol.messages import GetGradients, GetItem, GetLength, GetNamedParameters, GetParameters, Request
from grader.protocol.results import Failure
from grader.tester.failures import SuiteFailure
from grader.tester.opaque import Opaque
from grader.tester.transcript import Transcript


class PeerLike(Differentiable, Protocol):
    """Whom a proxy speaks to."""

    transcript: Transcript

    def lookup(self, owner: Any, name: str, prefix: str) -> Any: ...

    def imported(self, name: str) -> Any: ...

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...

    def query(self, what: str, owner: Any, request: Request) -> Any: ...

    def counting(self) -> AbstractContextManager[Any]: ...

    def memory(self, size: int) -> AbstractContextManager[None]: ...


class Proxy:
    """Base of what stands for the learner's side in a suite."""

    def _node(self, peer: PeerLike) -> list[Any]:
        raise TypeError("`student` itself is no argument")


class Student(Proxy):
    """The learner's module: `student.softmax(x, dim=1)`, `student.Embedding(7, 3)`, `student.Q1`."""

    def __init__(self, peer: PeerLike) -> None:
        self._peer = peer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._peer.lookup(None, name, "")

    def imported(self, name: str) -> Any:
        """A module on the learner's side: `torch.nn`, or an earlier part such as `ch5_models.gpt`.

        A suite asks the learner's file for nothing but what its stub defines: which imports it has is its own affair.
        """
        return self._peer.imported(name)

    @contextmanager
    def counting(self) -> Iterator[Any]:
        """Count the operations and tensors of the calls made inside."""
        with self._peer.counting() as counts:
            yield counts

    @contextmanager
    def memory(self, size: int) -> Iterator[None]:
        """Let the calls made inside take so many bytes and no more. The kernel holds the bound, whatever the code does.

        Small pieces come from what is mapped already: an array that is to be refused must have more than 32 MiB. Calls
        that come afterwards in the same test are bounded as well.
        """
        with self._peer.memory(size):
            yield


class Handle(Opaque, Proxy):
    """An object that stays on the other side. It can be called, asked and passed; it is not a value."""

    def __init__(self, peer: PeerLike, number: int, kind: str, type_name: str) -> None:
        self._peer = peer
        self._number = number
        self._kind = kind
        self._type_name = type_name
        self._path = "" if kind == "callable" else type_name
        self._writes_in_place = False
        self._generation = peer.generation
        weakref.finalize(self, release, peer, number, peer.generation)

    @property
    def kit_description(self) -> str:
        return self._path if self._kind == "callable" else f"a {self._type_name}"

    def __repr__(self) -> str:
        return f"<{self.kit_description}>"

    def _node(self, peer: PeerLike) -> list[Any]:
        if peer is not self._peer or self._generation != peer.generation:
            raise TypeError(f"{self!r} belongs to another process")
        return ["handle", self._number]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._peer.lookup(self, name, self._path)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.call(self, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self._query("item", GetItem(target=self, index=index))

    def __len__(self) -> int:
        return int(self._query("length", GetLength(target=self)))

    def parameters(self) -> list[Any]:
        """References to the module's parameters, each once; pass them on, or ask for `.grad`."""
        return list(self._query("parameters", GetParameters(target=self)))

    def named_parameters(self) -> dict[str, Any]:
        """The parameters' values by name; a shared one is named once."""
        return dict(self._query("named_parameters", GetNamedParameters(target=self)))

    def gradients(self) -> dict[str, Any]:
        """The gradient of each named parameter, None where it has none."""
        return dict(self._query("gradients", GetGradients(target=self)))

    def _query(self, what: str, request: Request) -> Any:
        return self._peer.query(what, self, request)

    def _refuse(self, *_: Any) -> NoReturn:
        raise SuiteFailure(
            Failure(
                f"{self.kit_description} came where a plain value was expected.",
                call=self._peer.transcript.last_call,
                actual=self.kit_description,
            )
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __iter__ = __array__ = __float__ = __int__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __matmul__ = _refuse
    __hash__ = object.__hash__

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> NoReturn:
        for item in args:
            if isinstance(item, Handle):
                item._refuse()
        raise SuiteFailure(Failure("an object came where a tensor was expected"))
