"""Which names of a library a file uses, whatever it calls them: found in its syntax tree, without running anything.

What an expression may stand for flows to whatever takes it: variables, containers, arguments, results. Each value goes
through each expression once, so the work grows as the file does. Order and branches are not looked at: a variable
stands for all that it is ever given. Where this cannot tell what is used, it says so.
"""

from __future__ import annotations

import ast
import enum
import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from grader.course.constant_text import constant_texts
from grader.course.own_names import OwnNames
from grader.course.reachable import (
    BASES,
    BEHIND_ANYTHING,
    FREE_ITEM_METHODS,
    GETTERS,
    ITEM_METHODS,
    MAX_PART,
    Kind,
    Value,
    extended,
    is_behind,
    may_hold_library,
    member,
    root,
)
from grader.course.scopes import MODULE, Scopes, Variable, parameters

REBINDING = {"globals", "setattr", "vars", "exec", "delattr", "__main__"}  # with these a name may get another value
MAX_VALUES = 24  # that one expression may stand for
MAX_STEPS = 300_000
MAX_STARS = 5  # of each kind: a ban asks for a name in any module of the library
MAX_TEXTS = 24
# Functions that may be given a module: what they return leads nowhere, or is followed.
ASKING = {"hasattr", "print", "id", "repr", "str", "isinstance", "issubclass", "bool", "dir", "help", "callable"}
FOLLOWED = {"getattr", "vars", "type", "object", "__import__", "globals", "locals", "eval", "exec", "compile"}
CALLERS = {"map", "filter", "partial", "reduce", "call", "starmap", "apply", "vmap", "checkpoint"}
Place = tuple[str | int, str | int | None] | tuple[str, str, str | int | None]  # a variable, or what stands for several
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Sort(enum.Enum):
    """How sure a use is."""

    NAME = enum.auto()  # a name of a library
    METHOD = enum.auto()  # an attribute of something that may be a tensor
    COMPUTED = enum.auto()  # a name of the library that is computed when the file runs
    COMPUTED_METHOD = enum.auto()  # the same of something that may be a tensor, called
    HANDED_ON = enum.auto()  # a module of the library as an argument or an entry, where it is not followed
    BEHIND = enum.auto()  # what leads anywhere, as `eval` does
    TANGLED = enum.auto()  # too much to be followed


@dataclass(frozen=True)
class Use:
    """One use. `name` is what is shown, `part` its last part, by which a ban knows it."""

    sort: Sort
    name: str
    part: str
    node: ast.AST


@dataclass(frozen=True)
class Wanted:
    """Which uses are looked for: names of the library by their last part, and attributes of what may be a tensor."""

    parts: re.Pattern[str]
    methods: frozenset[str]


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


def uses(body: list[ast.stmt], dead: Collection[ast.AST], wanted: Wanted) -> tuple[Scopes, list[Use]]:
    """The uses in these statements but for the `dead` ones, and the scopes of what was looked at."""
    flow = _Flow(body, dead, wanted)
    flow.run()
    return flow.tree, list(flow.found)


class _Flow:
    """The values of all expressions of a tree, and the uses found on the way."""

    def __init__(self, body: list[ast.stmt], dead: Collection[ast.AST], wanted: Wanted) -> None:
        self.wanted = wanted
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
        self.only_functions: dict[Variable, bool] = {}
        self.steps = 0

    def run(self) -> None:
        self._find_stars()
        for node in self.tree.nodes:
            _Seeds.sow(self, node)
        while self.waiting and self.steps < MAX_STEPS:
            self.steps += 1
            self._pass_on(*self.waiting.pop())
        if self.waiting:
            self.say(Sort.TANGLED, "this file", self.waiting[-1][0])
        self._judge_handed_on()
        self._judge_unknown_owners()

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
            return _matched(self, node, value)
        parent, part = self.tree.parents.get(node, (None, ""))
        rule = _RULES.get(type(parent))
        if rule is not None and parent is not None:
            rule(self, parent, part, node, value)
        return None

    def member(self, node: ast.AST, value: Value, part: str) -> None:
        """The attribute of a value is what the node stands for."""
        if part == "__call__":
            return self.add(node, value)
        if value.boxed:
            return self.add(node, value)
        if part in BEHIND_ANYTHING:
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
        last = name.rpartition(".")[2]
        handler = _HANDLERS.get(name) or (_got_attribute if last in GETTERS else None)
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
            if text in BEHIND_ANYTHING:
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

    # What is judged when all values are known

    def _judge_handed_on(self) -> None:
        for call, value in self.handed:
            known = self.values(call.func)
            if not (known and self._is_understood(call, known)):
                self.lose(value, call) if value.kind is Kind.NAMESPACE else self.say(Sort.HANDED_ON, value.name, call)
        for scope, node in self.lost:
            if any(value.is_module or value.kind is Kind.NAMESPACE for value in self.variables[("all of", scope)]):
                self.say(Sort.HANDED_ON, "locals()", node)

    def _is_understood(self, call: ast.Call, known: Collection[Value]) -> bool:
        """Whether what a call does with a module is followed, or nothing at all."""
        if isinstance(call.func, ast.Lambda):
            return True
        if all(value.kind is Kind.FUNCTION for value in known) and isinstance(call.func, ast.Name):
            variable = self.tree.variable(call.func, call.func.id)
            if variable not in self.only_functions:
                self.only_functions[variable] = all(self._is_function(item) for item in self.tree.bindings(variable))
            return len(known) < MAX_VALUES and self.only_functions[variable]
        starred = any(isinstance(item, ast.Starred) for item in call.args)
        return not starred and all(
            value.kind in (Kind.ATTRGETTER, Kind.GETTER)
            or (value.kind is Kind.OTHER and (value.name in _HANDLERS or value.name.rpartition(".")[2] in GETTERS))
            or (value.kind is Kind.OTHER and value.name.removeprefix("builtins.") in ASKING)
            for value in known
        )

    def _is_function(self, node: ast.AST) -> bool:
        parent, _ = self.tree.parents.get(node, (None, ""))
        return isinstance(node, FUNCTIONS) or (
            isinstance(parent, ast.Assign) and isinstance(parent.value, ast.Lambda) and node in parent.targets
        )

    def _judge_unknown_owners(self) -> None:
        """Attributes of what may be a tensor, for all that is known of it."""
        own = OwnNames(self.tree, self.values, self.has_hidden_module)
        for part, node in self.paths if self.has_hidden_module else ():
            self.used("torch", node, part)
        for node in self.tree.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self.ask(node.value, node.attr, node)
                if self.has_hidden_module and not own.is_own(node.value, node.attr):
                    self.used("torch", node, node.attr)
        for owner, part, node in self.asked:
            if not own.is_own(owner, part):
                self.say(Sort.METHOD, f"torch.Tensor.{part[:MAX_PART]}", node, part)
        for owner_of, node in self.called_unknown:
            if owner_of is None or not own.is_own(owner_of, None):
                sort = Sort.COMPUTED if self.has_hidden_module else Sort.COMPUTED_METHOD
                self.say(sort, "a module" if self.has_hidden_module else "A method", node)

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


class _Seeds:
    """What a node stands for by itself, and what else is to be known of it before anything flows."""

    @staticmethod
    def sow(flow: _Flow, node: ast.AST) -> None:
        seed = _SEEDS.get(type(node))
        if seed is not None:
            seed(flow, node)

    @staticmethod
    def imported(flow: _Flow, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.split(".")[0]
            flow.into[alias] = flow.places(node, alias.asname or top)
            if alias.asname:
                flow.path(alias, alias.name)
            else:
                probe = ast.alias(alias.name)  # the parts are used, the name is the first one's
                flow.tree.scope_of[probe] = flow.tree.scope_of[node]
                probe.lineno, probe.col_offset = alias.lineno, alias.col_offset
                flow.path(probe, alias.name)
                flow.add(alias, root(top))

    @staticmethod
    def imported_from(flow: _Flow, node: ast.ImportFrom) -> None:
        module = f"{'.' if node.level else ''}{node.module or ''}"
        for alias in node.names:
            if alias.name == "*":
                probe = ast.alias(module)
                probe.lineno, probe.col_offset = node.lineno, node.col_offset
                flow.path(probe, module)
                continue
            flow.into[alias] = flow.places(node, alias.asname or alias.name)
            flow.path(alias, f"{module}.{alias.name}")

    @staticmethod
    def name(flow: _Flow, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        variable = flow.tree.variable(node, node.id)
        flow.read(variable, node)
        if (variable[0] == MODULE or flow.tree.scopes[variable[0]].is_class) and _may_be_unbound(flow, variable, node):
            flow.builtin(node, node.id)

    @staticmethod
    def attribute(flow: _Flow, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        flow.read(("attribute", node.attr), node)
        if node.attr in BEHIND_ANYTHING:
            flow.say(Sort.BEHIND, node.attr, node)
        elif node.attr == "__class__" and getattr(node.value, "id", "") not in ("self", "cls"):
            flow.add(node, Value(Kind.TYPE, "type"))

    @staticmethod
    def call(flow: _Flow, node: ast.Call) -> None:
        """`x.__getattribute__("softmax")` of anything."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in GETTERS and node.args:
            flow.got(node, node.func.value if len(node.args) == 1 else node.args[0], node.args[-1])

    @staticmethod
    def function(flow: _Flow, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        name = _function_name(node)
        value, scope, taken = Value(Kind.FUNCTION, name), flow.tree.inner[node], node.args
        places = [*taken.posonlyargs, *taken.args]
        for place, parameter in enumerate(places):
            flow.read(("argument", name, place), (scope, parameter.arg))
        for parameter in parameters(taken):
            flow.read(("argument", name, parameter.arg), (scope, parameter.arg))
            flow.read(("argument", name, None), (scope, parameter.arg))
        for rest in (taken.vararg, taken.kwarg):
            if rest is not None:
                flow.read(("rest", name), (scope, rest.arg))
        pairs = [*zip(places[len(places) - len(taken.defaults) :], taken.defaults, strict=True)]
        pairs += [(item, given) for item, given in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if given]
        for parameter, given in pairs:
            flow.into[given].append((scope, parameter.arg))
        if isinstance(node, ast.Lambda):
            flow.add(node, value)
            return
        flow.name(node, node.name, value)
        if node.decorator_list:  # a property is what it returns
            flow.read(("returned", name), flow.tree.variable(node, node.name))
            flow.read(("returned", name), ("attribute", node.name))

    @staticmethod
    def own_class(flow: _Flow, node: ast.ClassDef) -> None:
        flow.name(node, node.name, Value(Kind.CLASS, node=node))

    @staticmethod
    def match(flow: _Flow, node: ast.Match) -> None:
        """Every case looks at the subject; what a pattern asks for by name is an attribute."""

        def one(value: Value) -> None:
            for case in node.cases:
                flow.add(case.pattern, value)

        flow.when(node.subject, one)
        waiting: list[ast.AST] = [case.pattern for case in node.cases]
        while waiting:
            pattern = waiting.pop()
            waiting += [child for child in ast.iter_child_nodes(pattern) if isinstance(child, ast.pattern)]
            for part in pattern.kwd_attrs if isinstance(pattern, ast.MatchClass) else ():
                flow.ask(node.subject, part, pattern)


def _matched(flow: _Flow, pattern: ast.AST, value: Value) -> None:
    """What a pattern is compared with goes into its parts, and into the names that it captures."""
    name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
    if name is not None and isinstance(pattern, ast.MatchMapping) and value.kind is Kind.NAMESPACE:
        flow.lose(value, pattern)
    elif name is not None:
        flow.name(pattern, name, value)
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        flow.add(pattern.pattern, value)
    elif isinstance(pattern, ast.MatchClass):
        for part, child in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            flow.member(child, value, part)
    elif isinstance(pattern, ast.MatchMapping) and value.kind is Kind.NAMESPACE:
        for key, child in zip(pattern.keys, pattern.patterns, strict=True):
            flow.entry(child, value, key)
    elif isinstance(pattern, ast.MatchOr | ast.MatchSequence | ast.MatchMapping):
        for child in pattern.patterns:
            flow.add(child, value)
            flow.add(child, value.outside())


def _may_be_unbound(flow: _Flow, variable: Variable, node: ast.Name) -> bool:
    """Whether a name may be Python's or a star's: bound nowhere, not yet, not surely, or not any more."""
    if variable not in flow.first_bound:
        flow.first_bound[variable] = _first_bound(flow, variable)
    first = flow.first_bound[variable]
    if first is None:
        return True
    return first >= _position(node) and (variable[0] != MODULE or flow.tree.function_around(node) is None)


def _first_bound(flow: _Flow, variable: Variable) -> tuple[int, int] | None:
    """Where the variable is bound first; None where it may be bound nowhere."""
    bound = flow.tree.bindings(variable)
    if not bound or any(isinstance(getattr(item, "ctx", None), ast.Del) for item in bound):
        return None
    if flow.tree.scopes[variable[0]].is_class:
        return min(_position(item) for item in bound)
    sure = [item for item in bound if _is_sure(flow, item)]
    if not sure or max(_position(item) for item in sure) < flow.last_star:
        return None
    return min(_position(item) for item in bound)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _is_sure(flow: _Flow, item: ast.AST) -> bool:
    """Whether what binds a name stands at the top of the file, in no branch or loop."""
    parent, _ = flow.tree.parents.get(item, (None, ""))
    return parent is None or (isinstance(parent, ast.Assign) and parent not in flow.tree.parents)


def _attribute(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
        flow.member(parent, value, parent.attr)


def _subscript(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if not isinstance(parent, ast.Subscript) or part != "value":
        return
    if value.boxed:
        flow.add(parent, value)
        flow.add(parent, value.outside())
    elif value.kind is Kind.NAMESPACE:
        flow.entry(parent, value, parent.slice)
    elif value.kind is Kind.TYPE:
        flow.add(parent, value)


def _call(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.Call):
        flow.called(parent, value) if part == "func" else _argument(flow, parent, value)


def _argument(flow: _Flow, call: ast.Call, value: Value) -> None:
    if value.is_module or value.kind is Kind.NAMESPACE:
        flow.handed.append((call, value))
    elif value.kind is Kind.OTHER and value.name in IMPORTERS:
        flow.say(Sort.BEHIND, value.name, call)
    elif value.kind is Kind.COMPUTED and _last_name(call.func) in CALLERS:
        flow.called_unknown.append((value.node, call))


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keyword(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    call, _ = flow.tree.parents[parent]
    if isinstance(call, ast.Call) and value.kind is Kind.NAMESPACE and getattr(parent, "arg", "") is None:
        flow.lose(value, call)
    elif isinstance(call, ast.Call):
        _argument(flow, call, value)
    elif value.is_module:  # of a class, for its metaclass or its base
        flow.has_hidden_module = True


def _assigned(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part != "value" or not isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    for target in targets:
        flow.bind(target, value)
    if isinstance(parent, ast.NamedExpr):
        flow.add(parent, value)


def _iterated(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part == "iter" and isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) and value.boxed:
        flow.bind(parent.target, value)
        flow.bind(parent.target, value.outside())


def _entered(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if isinstance(parent, ast.withitem) and parent.optional_vars is not None:
        flow.bind(parent.optional_vars, value)


def _boxed(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if value.kind is Kind.NAMESPACE and isinstance(parent, ast.Dict | ast.ListComp | ast.GeneratorExp):
        flow.lose(value, parent)
    elif not (isinstance(parent, ast.Tuple | ast.List) and isinstance(parent.ctx, ast.Store)) and part != "generators":
        flow.add(parent, value.inside())


def _kept(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    """A default or an annotation can be asked for by whoever has the function."""
    if value.is_module:
        flow.has_hidden_module = True


def _same(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if part != "test":
        flow.add(parent, value)


def _operated(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    if value.boxed:
        flow.add(parent, value)
    elif value.kind is Kind.NAMESPACE:
        flow.lose(value, parent)


def _function_name(node: ast.AST) -> str:
    return node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else "<lambda>"


def _returned(flow: _Flow, parent: ast.AST, part: str, node: ast.AST, value: Value) -> None:
    function = parent if isinstance(parent, ast.Lambda) else flow.tree.function_around(parent)
    if function is None or (isinstance(parent, ast.Lambda) and part != "body"):
        return
    name = _function_name(function)
    flow.put(("returned", name), value)
    if isinstance(parent, ast.Yield):
        flow.put(("returned", name), value.inside())


def _got_attribute(flow: _Flow, call: ast.Call) -> None:
    if len(call.args) >= 2:
        flow.got(call, call.args[0], call.args[1])


def _attrgetter(flow: _Flow, call: ast.Call) -> None:
    for key in call.args:
        if key not in flow.texts:
            flow.say(Sort.COMPUTED, "operator.attrgetter", call)
    flow.add(call, Value(Kind.ATTRGETTER, node=call))


def _methodcaller(flow: _Flow, call: ast.Call) -> None:
    if not call.args or call.args[0] not in flow.texts:
        return flow.say(Sort.COMPUTED, "operator.methodcaller", call)
    text = flow.texts[call.args[0]]
    flow.ask(call, text, call)  # of whatever it will be called with
    only = ast.Call(call.func, call.args[:1], [])
    return flow.add(call, Value(Kind.ATTRGETTER, node=only))


def _vars(flow: _Flow, call: ast.Call) -> None:
    if not call.args:
        return flow.add(call, Value(Kind.NAMESPACE, "locals()", node=call))

    def one(value: Value) -> None:
        if value.kind in (Kind.LIBRARY, Kind.OTHER, Kind.TYPE) and not value.boxed:
            flow.add(call, Value(Kind.NAMESPACE, value.name, of=value.kind))

    return flow.when(call.args[0], one)


def _globals(flow: _Flow, call: ast.Call) -> None:
    name = "locals()" if Value(Kind.OTHER, "builtins.locals") in flow.values(call.func) else "globals()"
    flow.add(call, Value(Kind.NAMESPACE, name, node=call))


def _type(flow: _Flow, call: ast.Call) -> None:
    if len(call.args) != 1 or getattr(call.args[0], "id", "") not in ("self", "cls"):
        flow.add(call, Value(Kind.TYPE, "type"))


def _import(flow: _Flow, call: ast.Call) -> None:
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


def _passed(flow: _Flow, call: ast.Call) -> None:
    """What is given comes back."""
    if call.args:
        flow.when(call.args[0], lambda value: flow.add(call, value))


def _partial(flow: _Flow, call: ast.Call) -> None:
    """What is given comes back with arguments of which we lose sight."""

    def one(value: Value) -> None:
        handled = value.name in _HANDLERS or value.name.rpartition(".")[2] in GETTERS
        if value.kind is Kind.OTHER and handled and len(call.args) > 1:
            flow.got(call, call.args[1], call)  # of a name that nobody knows yet
        else:
            flow.add(call, value)

    if call.args:
        flow.when(call.args[0], one)


def _timed(flow: _Flow, call: ast.Call) -> None:
    for item in [*call.args[:2], *(k.value for k in call.keywords if k.arg in ("stmt", "setup"))]:
        if not isinstance(item, ast.Lambda | ast.Name):
            flow.say(Sort.BEHIND, "timeit", call)


IMPORTERS = ("builtins.__import__", "importlib.__import__", "importlib.import_module")
_HANDLERS: dict[str, Callable[[_Flow, ast.Call], None]] = {
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
_RULES: dict[type, Callable[[_Flow, ast.AST, str, ast.AST, Value], None]] = {
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.keyword: _keyword,
    **dict.fromkeys((ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr), _assigned),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.comprehension), _iterated),
    ast.withitem: _entered,
    **dict.fromkeys((ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp), _boxed),
    ast.GeneratorExp: _boxed,
    **dict.fromkeys((ast.IfExp, ast.BoolOp, ast.Await, ast.Starred), _same),
    ast.BinOp: _operated,
    **dict.fromkeys((ast.arguments, ast.arg), _kept),
    **dict.fromkeys((ast.Return, ast.Yield, ast.YieldFrom, ast.Lambda), _returned),
}
_SEEDS: dict[type, Callable[[_Flow, ast.AST], None]] = {
    ast.Import: _Seeds.imported,  # type: ignore[dict-item]  # takes this kind of node alone
    ast.ImportFrom: _Seeds.imported_from,  # type: ignore[dict-item]  # takes this kind of node alone
    ast.Name: _Seeds.name,  # type: ignore[dict-item]  # takes this kind of node alone
    ast.Attribute: _Seeds.attribute,  # type: ignore[dict-item]  # takes this kind of node alone
    ast.Call: _Seeds.call,  # type: ignore[dict-item]  # takes this kind of node alone
    **dict.fromkeys((*FUNCTIONS, ast.Lambda), _Seeds.function),  # type: ignore[arg-type]  # takes this kind of node alone
    ast.ClassDef: _Seeds.own_class,  # type: ignore[dict-item]  # takes this kind of node alone
    ast.Match: _Seeds.match,  # type: ignore[dict-item]  # takes this kind of node alone
}
