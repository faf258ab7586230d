"""Where the values of a file's expressions go: the engine, which knows no kind of node by itself.

Each value goes through each expression once, so the work grows as the file does.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from grader.course.constant_text import constant_texts
from grader.course.name_uses import Sort, Use, Wanted
from grader.course.reachable import (
    BASES,
    FREE_ITEM_METHODS,
    GETTERS,
    ITEM_METHODS,
    MAX_PART,
    Kind,
    Value,
    extended,
    is_behind,
    is_unknown,
    leads_out,
    may_hold_library,
    member,
    root,
)
from grader.course.scopes import MODULE, Scopes, Variable

REBINDING = {"globals", "setattr", "vars", "exec", "delattr", "__main__"}  # with these a name may get another value
MAX_VALUES = 24  # that one expression may stand for
MAX_STEPS = 300_000
MAX_STARS = 5  # of each kind: a ban asks for a name in any module of the library
MAX_TEXTS = 24
# Functions that may be given a module: what they return leads nowhere, or is followed.
ASKING = {"hasattr", "print", "id", "repr", "str", "isinstance", "issubclass", "bool", "dir", "help", "callable"}
FOLLOWED = {"getattr", "vars", "type", "object", "__import__", "globals", "locals", "eval", "exec", "compile"}
Place = tuple[str | int, str | int | None] | tuple[str, str, str | int | None]  # a variable, or what stands for several
Step = Callable[["Flow", ast.AST, str, ast.AST, Value], None]  # a node's parent, the part that it is, itself, a value
Handler = Callable[["Flow", ast.Call], None]


@dataclass(frozen=True)
class Rules:
    """What each kind of node does: by itself, to the values of a part of it, when it calls a function of this name."""

    seeds: Mapping[type, Callable[[Flow, Any], None]]
    steps: Mapping[type, Step]
    matched: Callable[[Flow, ast.AST, Value], None]
    handlers: Mapping[str, Handler]

    def handler(self, name: str) -> Handler | None:
        """What follows a call of this function, if anything does."""
        found = self.handlers.get(name)
        return self.handlers["builtins.getattr"] if found is None and name.rpartition(".")[2] in GETTERS else found


@dataclass(frozen=True)
class _Way:
    """Where the parts of a module's name lead: the library's names among them, what leads anywhere, and the end."""

    used: tuple[tuple[str, str], ...]
    behind: tuple[tuple[Value, str], ...]
    end: Value


def _way(module: str) -> _Way:
    first, *rest = module.split(".")
    value = _top(first)
    used: dict[tuple[str, str], None] = {}
    behind: dict[tuple[Value, str], None] = {}
    for part in rest:
        if value.kind is Kind.LIBRARY:
            used[value.name, part] = None
        value = member(value, part)
        if is_behind(value, part):
            behind[value, part] = None
    return _Way(tuple(used), tuple(behind), value)


def _top(first: str) -> Value:
    return root(first) if first else Value(Kind.OTHER, "")


class Flow:
    """The values of all expressions of a tree, and the uses found on the way."""

    def __init__(self, body: list[ast.stmt], dead: Collection[ast.AST], wanted: Wanted, rules: Rules) -> None:
        self.wanted = wanted
        self.rules = rules
        self.tree = Scopes(body, dead)
        self.texts = constant_texts(reversed(self.tree.nodes))
        self.facts: dict[ast.AST, dict[Value, None]] = defaultdict(dict)
        self.variables: dict[Place, dict[Value, None]] = defaultdict(dict)
        self.readers: dict[Place, list[ast.AST | Place]] = defaultdict(list)
        self.watchers: dict[ast.AST, list[Callable[[Value], None]]] = defaultdict(list)
        self.into: dict[ast.AST, list[Place]] = defaultdict(list)
        self.waiting: list[tuple[ast.AST, Value]] = []
        self.found: dict[Use, None] = {}
        self.handed: list[tuple[ast.Call, Value]] = []
        self.asked: list[tuple[ast.AST, str, ast.AST]] = []  # owner, attribute, place
        self.called_unknown: list[tuple[ast.AST | None, ast.AST]] = []  # owner, call
        self.linked: set[tuple[ast.AST, str]] = set()
        self.lost: list[tuple[int, ast.AST]] = []  # the scope whose names were handed on, and where
        self.stars: dict[Value, None] = {}
        self.has_hidden_module = False  # one that may come back from an operator, a decorator, any attribute
        self.first_bound: dict[Variable, tuple[int, int] | None] = {}
        self.paths: list[tuple[str, ast.AST]] = []  # parts of what `attrgetter` is given
        self.ways: dict[str, _Way] = {}
        self.last_star = (0, 0)
        self.names_are_sure = True
        self.search_path: ast.AST | None = None  # where it is used
        self.only_functions: dict[Variable, bool] = {}
        self.steps = 0

    def run(self) -> None:
        self._find_stars()
        for node in self.tree.nodes:
            seed = self.rules.seeds.get(type(node))
            if seed is not None:
                seed(self, node)
        while self.waiting and self.steps < MAX_STEPS:
            self.steps += 1
            self._pass_on(*self.waiting.pop())
        if self.waiting:
            self.say(Sort.TANGLED, "this file", self.waiting[-1][0])

    def say(self, sort: Sort, name: str, node: ast.AST, part: str = "") -> None:
        self.found[Use(sort, name, part, node)] = None

    def used(self, owner: str, node: ast.AST, part: str) -> None:
        """A name of the library was used."""
        if len(part) <= MAX_PART and self.wanted.parts.match(part):
            self.say(Sort.NAME, extended(owner, part), node, part)

    def ask(self, owner: ast.AST, part: str, node: ast.AST) -> None:
        """An attribute was used of what may be a tensor."""
        if part in self.wanted.methods:
            self.asked.append((owner, part, node))

    # Values and variables

    def values(self, node: ast.AST) -> Collection[Value]:
        return self.facts.get(node, ())

    def add(self, node: ast.AST, value: Value) -> None:
        """The expression may stand for this."""
        known = self.facts[node]
        if value in known:
            return
        if len(known) >= MAX_VALUES:
            if value.kind is not Kind.CLASS:
                self.say(Sort.TANGLED, "this expression", node)
            return
        known[value] = None
        if isinstance(node, ast.Name) and not value.boxed and is_unknown(value):
            self.say(Sort.UNKNOWN, value.name, node)
        self.waiting.append((node, value))

    def put(self, variable: Place, value: Value) -> None:
        """The variable may stand for this."""
        known = self.variables[variable]
        if value in known or len(known) >= 2 * MAX_VALUES:
            return
        known[value] = None
        if value.is_module and variable[0] in ("returned", "attribute"):
            self.has_hidden_module = True
        for reader in self.readers[variable]:
            self.add(reader, value) if isinstance(reader, ast.AST) else self.put(reader, value)

    def read(self, variable: Place, reader: ast.AST | Place) -> None:
        """The expression, or the other variable, has whatever this variable has."""
        self.readers[variable].append(reader)
        for value in list(self.variables[variable]):
            self.add(reader, value) if isinstance(reader, ast.AST) else self.put(reader, value)

    def when(self, node: ast.AST, then: Callable[[Value], None]) -> None:
        """Do this with each value of the expression, those that are yet to be found included."""
        self.watchers[node].append(then)
        for value in list(self.facts[node]):
            then(value)

    def name(self, node: ast.AST, name: str, value: Value) -> None:
        """A name that is bound where the node stands is given the value."""
        for place in self.places(node, name):
            self.put(place, value)

    def places(self, node: ast.AST, name: str) -> list[Place]:
        """Where a name that is bound here is found again: as a variable, and a class's as an attribute."""
        variable = self.tree.variable(node, name)
        places: list[Place] = [variable, ("all of", variable[0])]
        return [*places, ("attribute", name)] if self.tree.scopes[variable[0]].is_class else places

    def bind(self, target: ast.AST, value: Value) -> None:
        """What is assigned to the target. Of several targets each may get what lies inside."""
        waiting = [(target, value)]
        while waiting:
            item, given = waiting.pop()
            if isinstance(item, ast.Name):
                self.name(item, item.id, given)
            elif isinstance(item, ast.Attribute):
                self.put(("attribute", item.attr), given)
            elif isinstance(item, ast.Subscript):
                self.bind_entry(item, given)
            elif isinstance(item, ast.Starred):
                waiting.append((item.value, given.inside()))
            elif isinstance(item, ast.Tuple | ast.List) and given.boxed:
                waiting += [(part, one) for part in item.elts for one in (given, given.outside())]

    def bind_entry(self, target: ast.Subscript, value: Value) -> None:
        """`box["m"] = torch`: the box has it inside, whatever its name is."""
        owner = target.value
        if isinstance(owner, ast.Name):
            self.name(owner, owner.id, value.inside())
        elif isinstance(owner, ast.Attribute):
            self.put(("attribute", owner.attr), value.inside())
        elif value.is_module or value.kind is Kind.NAMESPACE:
            self.say(Sort.HANDED_ON, value.name, target)

    # Flow

    def _pass_on(self, node: ast.AST, value: Value) -> None:
        for then in list(self.watchers.get(node, ())):
            then(value)
        for variable in self.into.get(node, ()):
            self.put(variable, value)
        if isinstance(node, ast.pattern):
            self.rules.matched(self, node, value)
            return
        parent, part = self.tree.parents.get(node, (None, ""))
        step = self.rules.steps.get(type(parent))
        if step is not None and parent is not None:
            step(self, parent, part, node, value)

    def member(self, node: ast.AST, value: Value, part: str) -> None:
        """The attribute of a value is what the node stands for."""
        if part == "__call__":
            return self.add(node, value)
        if value.boxed:
            return self.add(node, value)
        if leads_out(part):
            return self.say(Sort.BEHIND, part, node)
        if value.kind in (Kind.LIBRARY, Kind.OTHER):
            return self._of_module(node, value, part)
        if value.kind is Kind.TYPE:
            return self._of_type(node, part)
        if value.kind is Kind.NAMESPACE:
            return self._of_namespace(node, value, part)
        return None

    def _of_module(self, node: ast.AST, value: Value, part: str) -> None:
        if part == "__dict__":
            return self.add(node, Value(Kind.NAMESPACE, value.name, of=value.kind))
        if part in GETTERS and value.kind is Kind.LIBRARY:
            return self.add(node, Value(Kind.GETTER, value.name))
        if part == "__class__":
            return self.add(node, Value(Kind.TYPE, "type"))
        if value.kind is Kind.LIBRARY:
            self.used(value.name, node, part)
        return self.arrive(node, member(value, part), part)

    def arrive(self, node: ast.AST, value: Value, part: str) -> None:
        """A module, or something in one, was reached by its last part."""
        if is_behind(value, part):
            self.say(Sort.BEHIND, value.name.removeprefix("builtins."), node)
        elif is_unknown(value) and not isinstance(node, ast.alias):  # to import it does nothing
            self.say(Sort.UNKNOWN, value.name, node)
        elif value == Value(Kind.OTHER, "sys.path"):
            self.search_path = node
        elif value == Value(Kind.OTHER, "sys.modules"):
            self.add(node, Value(Kind.NAMESPACE, "sys.modules"))
        else:
            self.add(node, value)

    def _of_type(self, node: ast.AST, part: str) -> None:
        if part == "__dict__":
            self.add(node, Value(Kind.NAMESPACE, "type", of=Kind.TYPE))
        elif part in GETTERS:
            self.add(node, Value(Kind.OTHER, f"type.{part}"))
        elif part in BASES:
            self.add(node, Value(Kind.TYPE, "type"))

    def _of_namespace(self, node: ast.AST, value: Value, part: str) -> None:
        if part in ITEM_METHODS:
            self.add(node, Value(Kind.ENTRY, value.name, node=value.node, of=value.of))
        elif part not in FREE_ITEM_METHODS:
            self.lose(value, node)

    def locals_of(self, value: Value) -> int | None:
        """The function's scope whose names `locals()` has; None of any other names."""
        if value.name != "locals()" or value.node is None:
            return None
        function = self.tree.function_around(value.node)
        return None if function is None else self.tree.inner[function]

    def lose(self, value: Value, node: ast.AST) -> None:
        """The names of a module go where they are not followed."""
        if (scope := self.locals_of(value)) is not None:
            self.lost.append((scope, node))
        elif self._matters(value):
            self.say(Sort.HANDED_ON, value.name, node)

    @staticmethod
    def _matters(value: Value) -> bool:
        return value.of is None or may_hold_library(Value(value.of, value.name))

    def entry(self, node: ast.AST, value: Value, key: ast.AST) -> None:
        """What stands under the key in the names of a module."""
        texts = self.texts_of(key)
        if texts is None:
            if (scope := self.locals_of(value)) is not None:
                self.read(("all of", scope), node)
            elif self._matters(value):
                self.say(Sort.COMPUTED, value.name, node)
            return
        for text in texts:
            if value.name == "sys.modules":
                self.path(node, text)
            elif value.of is None:
                variable = self.tree.variable(value.node, text) if value.node in self.tree.scope_of else (MODULE, text)
                self.read(variable, node)
                if not self.tree.bindings(variable):
                    self.builtin(node, text)
            elif value.of is Kind.TYPE:
                self.ask(node, text, node)
            else:
                self.member(node, Value(value.of, value.name), text)

    def path(self, node: ast.AST, name: str, top_too: bool = False) -> None:
        """The module that an import by its name gives, in parts; the first of them as well with `top_too`."""
        above, _, last = name.rpartition(".")
        first, dot, _ = name.partition(".")
        if top_too or not dot:
            self.arrive(node, _top(first), first)
        if not dot:
            return
        if above not in self.ways:  # many names may come from one module
            self.ways[above] = _way(above)
        way = self.ways[above]
        for owner, part in (*way.used, *([(way.end.name, last)] if way.end.kind is Kind.LIBRARY else [])):
            self.used(owner, node, part)
        for value, part in (*way.behind, (member(way.end, last), last)):
            self.arrive(node, value, part)

    def builtin(self, node: ast.AST, name: str) -> None:
        """A name that nobody in the file defines: Python's own, or one that a star brought."""
        if name in ASKING or name in FOLLOWED or name == "__loader__" or name == "__spec__":
            self.arrive(node, Value(Kind.OTHER, f"builtins.{name}"), name)
        elif name == "__builtins__":
            self.add(node, Value(Kind.OTHER, "builtins"))
            self.add(node, Value(Kind.NAMESPACE, "builtins", of=Kind.OTHER))
        for module in self.stars:
            self.member(node, module, name)

    def texts_of(self, node: ast.AST) -> tuple[str, ...] | None:
        """The texts that the expression may be; None where nobody can tell. What is no text names nothing."""
        if node in self.texts:
            return (self.texts[node],)
        if isinstance(node, ast.Constant):
            return ()
        if not isinstance(node, ast.Name) or not self.names_are_sure:
            return None
        bound = self.tree.bindings(self.tree.variable(node, node.id))
        parent, _ = self.tree.parents.get(bound[0], (None, "")) if len(bound) == 1 else (None, "")
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr) and parent.value in self.texts:
            return (self.texts[parent.value],) if bound[0] in _targets(parent) else None
        if isinstance(parent, ast.For | ast.comprehension) and isinstance(parent.iter, ast.Tuple | ast.List | ast.Set):
            items = parent.iter.elts
            if bound[0] is parent.target and len(items) <= MAX_TEXTS and all(item in self.texts for item in items):
                return tuple(self.texts[item] for item in items)
        return None

    # Calls

    def called(self, call: ast.Call, value: Value) -> None:
        if value.boxed:
            self.add(call, value)
            self.add(call, value.outside())
        elif value.kind is Kind.LIBRARY:
            self._texts_to_library(call, value)
        elif value.kind is Kind.OTHER:
            self._called_other(call, value.name)
        elif value.kind is Kind.TYPE and isinstance(call.func, ast.Attribute):
            self.add(call, value)
        elif value.kind is Kind.ENTRY and call.args:
            self.entry(call, value, call.args[0])
        elif value.kind is Kind.GETTER and call.args:
            self.got(call, None, call.args[-1], Value(Kind.LIBRARY, value.name))
        elif value.kind is Kind.ATTRGETTER and isinstance(value.node, ast.Call):
            self._called_attrgetter(call, value.node)
        elif value.kind is Kind.FUNCTION:
            self._called_own(call, value.name)
        elif value.kind is Kind.COMPUTED:
            self.called_unknown.append((value.node, call))

    def _texts_to_library(self, call: ast.Call, value: Value) -> None:
        """`torch._C._jit_get_operation("aten::softmax")`: a name that is given to the library as a text."""
        for keyword in call.keywords:
            if keyword.arg == "weights_only" and getattr(keyword.value, "value", None) is not True:
                self.say(Sort.BEHIND, value.name, call)
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            text = self.texts.get(argument, "")
            if text.replace("::", "").replace(".", "").isidentifier() and "profiler" not in value.name:
                for part in text.replace("::", ".").split("."):
                    self.used(value.name, argument, part)

    def _called_other(self, call: ast.Call, name: str) -> None:
        handler, last = self.rules.handler(name), name.rpartition(".")[2]
        if handler is not None and not any(isinstance(item, ast.Starred) for item in call.args):
            handler(self, call)
        elif handler is not None:
            self.say(Sort.COMPUTED, last, call)

    def got(self, node: ast.AST, owner: ast.AST | None, key: ast.AST, known: Value | None = None) -> None:
        """`getattr(owner, key)`, however it is written."""
        texts = self.texts_of(key)

        def one(value: Value) -> None:
            if texts is None and may_hold_library(value):
                self.say(Sort.COMPUTED, value.name, node)
            for text in texts or ():
                self.member(node, value, text)

        if known is not None:
            one(known)
        if owner is None:
            return
        self.when(owner, one)
        if texts is None:
            self.add(node, Value(Kind.COMPUTED, node=owner))
        for text in texts or ():
            if leads_out(text, owner):
                self.say(Sort.BEHIND, text, node)
            self.ask(owner, text, node)
            self.read(("attribute", text), node)

    def _called_attrgetter(self, call: ast.Call, getter: ast.Call) -> None:
        if len(getter.args) > MAX_TEXTS:
            return self.say(Sort.COMPUTED, "operator.attrgetter", call)
        for owner in call.args:
            for key in getter.args:
                for part in self.texts.get(key, "").split("."):
                    self.ask(owner, part, call)
                    if leads_out(part):
                        self.say(Sort.BEHIND, part, call)
                    self.paths.append((part, call))
                self.when(owner, lambda value, key=key: self._walk(call, value, self.texts.get(key, "")))  # type: ignore[misc]  # `key=` binds
        return None

    def _walk(self, node: ast.AST, value: Value, path: str) -> None:
        """A path of attributes from a value on."""
        *before, last = path.split(".")
        for part in before:
            if value.kind is Kind.LIBRARY:
                self.used(value.name, node, part)
            if value.kind not in (Kind.LIBRARY, Kind.OTHER) or value.boxed:
                return
            value = member(value, part)
        self.member(node, value, last)

    def _called_own(self, call: ast.Call, name: str) -> None:
        """Arguments become parameters, what is returned becomes the result. Functions of one name are taken for one."""
        if (call, name) in self.linked:
            return
        self.linked.add((call, name))
        self.read(("returned", name), call)
        if not isinstance(call.func, ast.Name | ast.Lambda):
            return
        starred = _has_stars(call)
        for place, argument in enumerate(call.args):
            self.steps += 1
            self.fill(argument, name, None if starred else place)
        for keyword in call.keywords:
            self.steps += 1
            self.fill(keyword.value, name, keyword.arg)

    def fill(self, argument: ast.AST, name: str, place: int | str | None) -> None:
        """Give the argument's values to the function's parameter at the place, or to all where nobody can tell."""

        def one(value: Value) -> None:
            self.put(("argument", name, place), value)
            self.put(("rest", name), value.inside())
            if place is None:
                self.put(("argument", name, None), value.outside())

        self.when(argument, one)

    def find_stars(self, node: ast.ImportFrom) -> None:
        value = Value(Kind.OTHER, "") if node.level else root("")
        for place, part in enumerate((node.module or "").split(".")):
            value = root(part) if place == 0 and not node.level else member(value, part)
        if sum(star.kind is value.kind for star in self.stars) < MAX_STARS:
            self.stars[value] = None

    def _find_stars(self) -> None:
        for node in self.tree.nodes:
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                self.find_stars(node)
                self.last_star = max(self.last_star, (node.lineno, node.col_offset))
            self.names_are_sure &= not (isinstance(node, ast.Name) and node.id in REBINDING)
        self.names_are_sure &= not self.stars


def _targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _has_stars(call: ast.Call) -> bool:
    return any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords)
