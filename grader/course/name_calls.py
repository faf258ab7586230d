"""Calls of functions that lead on to a library's names: what each gives back, and what cannot be told of it."""

from __future__ import annotations

import ast

from grader.course.name_flow import Flow, Handler
from grader.course.name_uses import Sort
from grader.course.reachable import Kind, Value

IMPORTERS = ("builtins.__import__", "importlib.__import__", "importlib.import_module")


def _got_attribute(flow: Flow, call: ast.Call) -> None:
    if len(call.args) >= 2:
        flow.got(call, call.args[0], call.args[1])


def _attrgetter(flow: Flow, call: ast.Call) -> None:
    for key in call.args:
        if key not in flow.texts:
            flow.say(Sort.COMPUTED, "operator.attrgetter", call)
    flow.add(call, Value(Kind.ATTRGETTER, node=call))


def _methodcaller(flow: Flow, call: ast.Call) -> None:
    if not call.args or call.args[0] not in flow.texts:
        return flow.say(Sort.COMPUTED, "operator.methodcaller", call)
    text = flow.texts[call.args[0]]
    flow.ask(call, text, call)  # of whatever it will be called with
    only = ast.Call(call.func, call.args[:1], [])
    return flow.add(call, Value(Kind.ATTRGETTER, node=only))


def _vars(flow: Flow, call: ast.Call) -> None:
    if not call.args:
        return flow.add(call, Value(Kind.NAMESPACE, "locals()", node=call))

    def one(value: Value) -> None:
        if value.kind in (Kind.LIBRARY, Kind.OTHER, Kind.TYPE) and not value.boxed:
            flow.add(call, Value(Kind.NAMESPACE, value.name, of=value.kind))

    return flow.when(call.args[0], one)


def _globals(flow: Flow, call: ast.Call) -> None:
    name = "locals()" if Value(Kind.OTHER, "builtins.locals") in flow.values(call.func) else "globals()"
    flow.add(call, Value(Kind.NAMESPACE, name, node=call))


def _type(flow: Flow, call: ast.Call) -> None:
    if len(call.args) != 1 or getattr(call.args[0], "id", "") not in ("self", "cls"):
        flow.add(call, Value(Kind.TYPE, "type"))


def _import(flow: Flow, call: ast.Call) -> None:
    """`import_module("torch.nn")`, `import_module(".nn", "torch")` and `__import__("torch.nn")`."""
    given = [*call.args, *(item.value for item in call.keywords if item.arg == "name")]
    texts = flow.texts_of(given[0]) if given else None
    package = [*call.args[1:2], *(item.value for item in call.keywords if item.arg == "package")]
    if texts is None or any(item.arg is None for item in call.keywords):
        return flow.say(Sort.COMPUTED, "the import", call)
    for text in texts:
        before = flow.texts.get(package[0], "") if text.startswith(".") and package else ""
        flow.path(call, f"{before}.{text.lstrip('.')}" if text.startswith(".") else text, top_too=True)
    return None


def _passed(flow: Flow, call: ast.Call) -> None:
    """What is given comes back."""
    if call.args:
        flow.when(call.args[0], lambda value: flow.add(call, value))


def _partial(flow: Flow, call: ast.Call) -> None:
    """What is given comes back with arguments of which we lose sight."""

    def one(value: Value) -> None:
        handled = flow.rules.handler(value.name) is not None
        if value.kind is Kind.OTHER and handled and len(call.args) > 1:
            flow.got(call, call.args[1], call)  # of a name that nobody knows yet
        else:
            flow.add(call, value)

    if call.args:
        flow.when(call.args[0], one)


def _timed(flow: Flow, call: ast.Call) -> None:
    for item in [*call.args[:2], *(k.value for k in call.keywords if k.arg in ("stmt", "setup"))]:
        if not isinstance(item, ast.Lambda | ast.Name):
            flow.say(Sort.BEHIND, "timeit", call)


HANDLERS: dict[str, Handler] = {
    "builtins.getattr": _got_attribute,
    "inspect.getattr_static": _got_attribute,
    "operator.attrgetter": _attrgetter,
    "operator.methodcaller": _methodcaller,
    "builtins.vars": _vars,
    "builtins.globals": _globals,
    "builtins.locals": _globals,
    "builtins.type": _type,
    "importlib.reload": _passed,
    "functools.partial": _partial,
    "timeit.timeit": _timed,
    "timeit.repeat": _timed,
    "timeit.Timer": _timed,
    **dict.fromkeys(IMPORTERS, _import),
}
