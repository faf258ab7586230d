"""Names that are a file's own beyond doubt: its modules, functions and classes, and what its classes define.

`x.softmax` is a tensor's method for all that we know, unless `x` is one of these.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

from grader.course.reachable import Kind, Value
from grader.course.scopes import Scopes, Variable

MAX_DEPTH = 20  # attributes in a row, or classes that derive from one another
TENSORS = {"Tensor", "TensorBase", "_TensorBase", "Parameter", "Buffer", "UninitializedParameter"}
REGISTERING = {"add_module", "register_module", "register_parameter", "register_buffer", "setattr", "__setattr__"}
TAKING_NO_METHOD = {"isinstance", "issubclass", "super", "type", "print", "repr", "str", "id", "hasattr"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Imports = ast.Import | ast.ImportFrom


class OwnNames:
    """What of a tree is its own. `values` gives what an expression may stand for.

    With `odd_decorators` a decorated definition may be something else altogether.
    """

    def __init__(
        self, tree: Scopes, values: Callable[[ast.AST], Collection[Value]], odd_decorators: bool = False
    ) -> None:
        self.odd_decorators = odd_decorators
        self.tree = tree
        self.values = values
        self.instances: dict[tuple[Variable, str | None], bool] = {}
        self.judged: dict[tuple[Variable, bool, str | None], bool] = {}
        self.stored = {
            node.attr for node in tree.nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        self.stored |= {text for node in tree.nodes if isinstance(node, ast.Call) for text in _registered(node)}
        self.defining: dict[str, list[ast.ClassDef]] = {}
        for scope in tree.scopes:
            if isinstance(scope.node, ast.ClassDef):
                for name in scope.bound:
                    self.defining.setdefault(name, []).append(scope.node)
        self.unbound = self._unbound()

    def is_own(self, node: ast.AST, part: str | None) -> bool:
        """Whether the attribute of this expression is no tensor's. `part` is None where it is computed."""
        if isinstance(node, ast.Call):
            return self._is_instance(node, part)
        depth = 0
        while isinstance(node, ast.Attribute) and depth < MAX_DEPTH:
            node, depth = node.value, depth + 1
        if not isinstance(node, ast.Name):
            return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
        variable = self.tree.variable(node, node.id)
        key = (variable, depth > 0, part)
        if key not in self.judged:
            self.judged[key] = self._is_own_variable(variable, depth > 0, part)
        return self.judged[key]

    def _is_own_variable(self, variable: Variable, deep: bool, part: str | None) -> bool:
        bound = self.tree.bindings(variable)
        if bound and all(isinstance(item, Imports) for item in bound):
            return True
        if deep or not bound:
            return False
        if all(isinstance(item, Definition) for item in bound):
            if self.odd_decorators and any(item.decorator_list for item in bound if isinstance(item, Definition)):
                return False
            return not any(isinstance(item, ast.ClassDef) and self._is_tensor(item) for item in bound)
        return self._is_self(variable, part) or self._is_named_instance(bound, part)

    def _is_self(self, variable: Variable, part: str | None) -> bool:
        """Whether it is the object of a method, whose class defines that attribute."""
        function = self.tree.scopes[variable[0]].node
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or not function.args.args:
            return False
        owner = self.tree.scopes[self.tree.scope_of[function]].node
        if function.args.args[0].arg != variable[1] or not isinstance(owner, ast.ClassDef):
            return False
        if not all(map(self._keeps_self, function.decorator_list)):
            return False
        return self._defines(owner, part, surely=False)

    def _keeps_self(self, decorator: ast.expr) -> bool:
        """Whether a method under this decorator is still given its object: `staticmethod` and one's own may do else."""
        node: ast.AST = decorator.func if isinstance(decorator, ast.Call) else decorator
        depth = 0
        while isinstance(node, ast.Attribute) and depth < MAX_DEPTH:
            node, depth = node.value, depth + 1
        if not isinstance(node, ast.Name):
            return False
        bound = self.tree.bindings(self.tree.variable(node, node.id))
        return all(isinstance(item, Imports) for item in bound) if bound else node.id == "property"

    def _is_instance(self, call: ast.Call, part: str | None) -> bool:
        if not isinstance(call.func, ast.Name):
            return False
        if call.func.id == "super":
            return True
        variable = self.tree.variable(call.func, call.func.id)
        if (variable, part) not in self.instances:
            bound = self.tree.bindings(variable)
            self.instances[variable, part] = bool(bound) and all(
                isinstance(item, ast.ClassDef) and self._defines(item, part) for item in bound
            )
        return self.instances[variable, part]

    def _is_named_instance(self, bound: list[ast.AST], part: str | None) -> bool:
        parents = [self.tree.parents.get(item, (None,))[0] for item in bound]
        return all(
            isinstance(parent, ast.Assign)
            and isinstance(parent.value, ast.Call)
            and self._is_instance(parent.value, part)
            for parent in parents
        )

    def _defines(self, owner: ast.ClassDef, part: str | None, surely: bool = True) -> bool:
        """Whether objects of the class may have such an attribute of their own, and no method is given a tensor."""
        if self._is_tensor(owner) or owner.keywords or not all(map(self._keeps_self, owner.decorator_list)):
            return False
        if part is None:
            return True
        known = not surely or part in self.tree.scopes[self.tree.inner[owner]].bound or part in self.stored
        return known and owner not in self.unbound

    def _is_tensor(self, owner: ast.ClassDef) -> bool:
        """Whether the class may derive from the library's tensors."""
        waiting: list[ast.AST] = [owner]
        for _ in range(MAX_DEPTH):
            if not waiting:
                return False
            node = waiting.pop()
            if isinstance(node, ast.ClassDef):
                waiting += node.bases
                continue
            known = self.values(node)
            if any(value.kind is Kind.TYPE or value.name.rpartition(".")[2] in TENSORS for value in known):
                return True
            if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
                return True
            waiting += [value.node for value in known if value.kind is Kind.CLASS and value.node is not None]
        return True

    def _unbound(self) -> set[ast.ClassDef]:
        """The classes of which a method is taken without an object: its `self` may be anything."""
        found: set[ast.ClassDef] = set()
        of_types: set[str] = set()  # attributes of `type(x)`, where `x` may be an object of any class
        for node in self.tree.nodes:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in TAKING_NO_METHOD:
                given = [value.node for item in _handed(node) for value in self.values(item)]
                found |= {owner for owner in given if isinstance(owner, ast.ClassDef)}
            if isinstance(node, ast.Attribute):
                values, name = self.values(node.value), node.attr
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "vars") and node.args:
                values, name = self.values(node.args[0]), "__dict__"
            else:
                continue
            classes = [value.node for value in values if isinstance(value.node, ast.ClassDef)]
            found |= {owner for owner in classes if self._gives_method(owner, name)}
            of_types |= {name for value in values if value.kind is Kind.TYPE}
        return found | {
            owner for name in of_types for owner in self.defining.get(name, ()) if self._gives_method(owner, name)
        }

    def _gives_method(self, owner: ast.ClassDef, name: str) -> bool:
        bound = self.tree.scopes[self.tree.inner[owner]].bound.get(name, [])
        return name == "__dict__" or any(not getattr(item, "decorator_list", []) for item in bound)


def _handed(node: ast.Call) -> list[ast.expr]:
    """What a call is given: a class among it may be asked for its methods there."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _registered(node: ast.Call) -> list[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in REGISTERING:
        return []
    return [item.value for item in node.args[:2] if isinstance(item, ast.Constant) and isinstance(item.value, str)]
