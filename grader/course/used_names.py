"""Which names of a library a file uses, whatever it calls them: found in its syntax tree, without running anything.

What an expression may stand for flows to whatever takes it: variables, containers, arguments, results. Order and
branches are not looked at: a variable stands for all that it is ever given. Where this cannot tell what is used, it
says so.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from grader.course.name_calls import HANDLERS
from grader.course.name_flow import ASKING, MAX_VALUES, Flow, Rules
from grader.course.name_seeds import SEEDS
from grader.course.name_steps import STEPS, matched
from grader.course.name_uses import Sort, Use, Wanted
from grader.course.own_names import OwnNames
from grader.course.reachable import MAX_PART, Kind, Value
from grader.course.scopes import FUNCTIONS, Scopes

WRITING = {
    *("open", "fdopen", "write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "save", "savez"),
    *("savez_compressed", "savetxt", "tofile", "dump", "copyfile", "copy2", "move", "extractall", "writestr"),
}


def uses(body: list[ast.stmt], dead: Collection[ast.AST], wanted: Wanted) -> tuple[Scopes, list[Use]]:
    """The uses in these statements but for the `dead` ones, and the scopes of what was looked at."""
    flow = Flow(body, dead, wanted, Rules(SEEDS, STEPS, matched, HANDLERS))
    flow.run()
    _judge_handed_on(flow)
    _judge_unknown_owners(flow)
    _judge_search_path(flow)
    return flow.tree, list(flow.found)


def _judge_handed_on(flow: Flow) -> None:
    for call, value in flow.handed:
        known = flow.values(call.func)
        if not (known and _is_understood(flow, call, known)):
            flow.lose(value, call) if value.kind is Kind.NAMESPACE else flow.say(Sort.HANDED_ON, value.name, call)
    for scope, node in flow.lost:
        if any(value.is_module or value.kind is Kind.NAMESPACE for value in flow.variables[("all of", scope)]):
            flow.say(Sort.HANDED_ON, "locals()", node)


def _is_understood(flow: Flow, call: ast.Call, known: Collection[Value]) -> bool:
    """Whether what a call does with a module is followed, or nothing at all."""
    if isinstance(call.func, ast.Lambda):
        return True
    if all(value.kind is Kind.FUNCTION for value in known) and isinstance(call.func, ast.Name):
        variable = flow.tree.variable(call.func, call.func.id)
        if variable not in flow.only_functions:
            flow.only_functions[variable] = all(_is_function(flow, item) for item in flow.tree.bindings(variable))
        return len(known) < MAX_VALUES and flow.only_functions[variable]
    starred = any(isinstance(item, ast.Starred) for item in call.args)
    return not starred and all(
        value.kind in (Kind.ATTRGETTER, Kind.GETTER)
        or (value.kind is Kind.OTHER and flow.rules.handler(value.name) is not None)
        or (value.kind is Kind.OTHER and value.name.removeprefix("builtins.") in ASKING)
        for value in known
    )


def _is_function(flow: Flow, node: ast.AST) -> bool:
    parent, _ = flow.tree.parents.get(node, (None, ""))
    return isinstance(node, FUNCTIONS) or (
        isinstance(parent, ast.Assign) and isinstance(parent.value, ast.Lambda) and node in parent.targets
    )


def _judge_unknown_owners(flow: Flow) -> None:
    """Attributes of what may be a tensor, for all that is known of it."""
    own = OwnNames(flow.tree, flow.values, flow.has_hidden_module)
    for part, node in flow.paths if flow.has_hidden_module else ():
        flow.used("torch", node, part)
    for node in flow.tree.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            flow.ask(node.value, node.attr, node)
            if flow.has_hidden_module and not own.is_own(node.value, node.attr):
                flow.used("torch", node, node.attr)
    for owner, part, node in flow.asked:
        if not own.is_own(owner, part):
            flow.say(Sort.METHOD, f"torch.Tensor.{part[:MAX_PART]}", node, part)
    for owner_of, node in flow.called_unknown:
        if owner_of is None or not own.is_own(owner_of, None):
            sort = Sort.COMPUTED if flow.has_hidden_module else Sort.COMPUTED_METHOD
            flow.say(sort, "a module" if flow.has_hidden_module else "A method", node)


def _judge_search_path(flow: Flow) -> None:
    """A file that writes files, and says where modules are looked for, may import what it has written."""
    if flow.search_path is None:
        return
    names = (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in flow.tree.nodes)
    if not WRITING.isdisjoint(names):
        flow.say(Sort.BEHIND, "sys.path", flow.search_path)
