"""What can be done to one node of a program: each function of MUTATORS yields the changes of one kind."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from itertools import pairwise

from grader.course.program import Change, Program, Token

Mutator = Callable[[Program, ast.AST, ast.AST], Iterator[Change]]  # of a node and of the one that holds it

OPERATORS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "//", "**": "*", "@": "*", "&": "|", "|": "&", "<<": ">>",
    ">>": "<<",
}  # fmt: skip
COMPARISONS = {
    "<": ("<=", ">"), "<=": ("<", ">="), ">": (">=", "<"), ">=": (">", "<="), "==": ("!=",), "!=": ("==",),
    "is": ("is not",), "is not": ("is",), "in": ("not in",), "not in": ("in",),
}  # fmt: skip
PAIRS = (
    ("sum", "mean"), ("max", "min"), ("amax", "amin"), ("argmax", "argmin"), ("maximum", "minimum"), ("any", "all"),
    ("sin", "cos"), ("exp", "log"), ("zeros", "ones"), ("zeros_like", "ones_like"), ("zeros_", "ones_"),
    ("tril", "triu"), ("rand", "randn"), ("floor", "ceil"), ("cumsum", "cumprod"), ("softmax", "log_softmax"),
    ("cat", "stack"), ("repeat", "repeat_interleave"), ("relu", "gelu"), ("tanh", "sigmoid"), ("square", "sqrt"),
    ("append", "extend"), ("train", "eval"), ("keys", "values"), ("flatten", "squeeze"), ("startswith", "endswith"),
    ("softmax", "sigmoid"), ("randint", "zeros"), ("parameters", "buffers"), ("reversed", "list"),
    ("is_floating_point", "is_complex"),
)  # fmt: skip
# Functions and methods that give back something of the kind of what they are given: a learner may leave them out.
KEEPING = (
    "abs", "bool", "clamp", "clip", "clone", "contiguous", "copy", "cos", "cumsum", "deepcopy", "detach", "dict",
    "exp", "expand", "expand_as", "float", "flatten", "flip", "floor", "float32", "int", "list", "log", "log_softmax",
    "logsigmoid", "long", "lower", "masked_fill", "norm", "permute", "relu", "reshape", "roll", "round", "set",
    "sigmoid", "sin", "softmax", "sort", "sorted", "sqrt", "square", "squeeze", "strip", "tanh", "to", "transpose",
    "tril", "triu", "tuple", "type_as", "unsqueeze", "view",
)  # fmt: skip
# What no test on a processor is to see: another device, that lengths agree as they do anyway, how a picture looks.
UNSEEN = (
    "device", "devices", "strict", "daemon", "figsize", "layout", "dpi", "alpha", "color", "linestyle", "linewidth",
    "marker", "fontsize", "cmap", "aspect", "xytext", "textcoords", "rotation", "ha", "va",
)  # fmt: skip
AXES = ("dim", "axis", "dim0", "dim1", "start_dim", "end_dim")
OTHER_AXES = {-2: {-1, 1}, -1: {-2, 0}, 0: {-1, 1}, 1: {-2, 0}}  # others also where there are two axes alone
# Where the order changes nothing, or breaks everything.
SYMMETRIC = ("max", "min", "maximum", "minimum", "promote_types", "isinstance", "getattr", "hasattr")
COUNTED = ("range", "arange")
KEPT_DECORATORS = ("property", "staticmethod", "classmethod", "dataclass")


def is_unseen(node: ast.AST) -> bool:
    """Whether it is an argument that no test is to see."""
    return isinstance(node, ast.keyword) and node.arg in UNSEEN


def is_text(node: ast.AST) -> bool:
    """Whether it is a docstring or another text that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# -- operators ----------------------------------------------------------------------------------------


def _operators(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp):
        token = next(token for token in program.between(node.left, node.right) if token.text in OPERATORS)
        yield _instead("operator", token, OPERATORS[token.text])
    elif isinstance(node, ast.AugAssign):
        token = program.between(node.target, node.value)[0]
        yield _instead("operator", token, OPERATORS[token.text.removesuffix("=")] + "=")
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        start = program.span(node)[0]
        following = program.after(start + 1)
        assert following is not None  # the operand
        yield Change("operator", start, following.start, "")


def _comparisons(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for left, right in pairwise([node.left, *node.comparators]):
            tokens = program.between(left, right)
            for text in COMPARISONS[" ".join(token.text for token in tokens)]:
                yield Change("comparison", tokens[0].start, tokens[-1].stop, text)


def _logic(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        for left, right in pairwise(node.values):
            token = program.between(left, right)[0]
            yield _instead("logic", token, "or" if token.text == "and" else "and")


def _conditions(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    tests = node.ifs if isinstance(node, ast.comprehension) else []
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        tests = [node.test]
    for test in tests:
        if not isinstance(test, ast.Constant | ast.UnaryOp) and not _has_an_opposite(test):
            yield _over("condition", program, test, f"not ({program.text(test)})")


def _has_an_opposite(test: ast.expr) -> bool:
    """Whether another operator is its negation, which is a change of its own."""
    whole = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], whole)


# -- values -------------------------------------------------------------------------------------------


def _numbers(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    value = _number(node)
    if value is None:
        return
    if isinstance(value, float):
        others = {value + 1, 2 * value, 0.0}
    elif isinstance(parent, ast.keyword) and parent.arg in AXES and value in OTHER_AXES:
        others = {*OTHER_AXES[value]}
    else:
        others = {value + 1, value - 1, 0}
    for other in sorted(others - {value}):
        yield _over("number", program, node, repr(other))


def _number(node: ast.AST) -> int | float | None:
    """A number as it is written, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    return None


def _booleans(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _over("boolean", program, node, repr(not node.value))


def _slices(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Slice):
        for bound, unsaid in ((node.lower, 0), (node.upper, None), (node.step, 1)):
            if bound is not None and _number(bound) != unsaid:
                yield _over("slice", program, bound, "")
        for bound in (node.lower, node.upper):
            yield from _moved("slice", program, bound)


def _ranges(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and called_name(node) in COUNTED:
        for argument in node.args:
            yield from _moved("range", program, argument)


def _moved(kind: str, program: Program, bound: ast.expr | None) -> Iterator[Change]:
    """One more and one less, where no number in the bound is changed so in any case."""
    if bound is None or isinstance(bound, ast.Starred) or any(_number(node) is not None for node in ast.walk(bound)):
        return
    atom = isinstance(bound, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    text = program.text(bound) if atom else f"({program.text(bound)})"
    for sign in "+-":
        yield _over(kind, program, bound, f"{text} {sign} 1")


def _order(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """Neighbours change places: arguments of a call, elements of a tuple or a list."""
    items: list[ast.expr] = []
    if isinstance(node, ast.Call) and called_name(node) not in SYMMETRIC:
        items = node.args
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        items = node.elts
    for left, right in pairwise(items):
        texts = program.text(left), program.text(right)
        if texts[0] != texts[1] and not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
            (start, middle), (again, stop) = program.span(left), program.span(right)
            yield Change("order", start, stop, texts[1] + program.source[middle:again] + texts[0])


# -- calls --------------------------------------------------------------------------------------------


def called_name(node: ast.Call) -> str:
    """The last part of what is called, `softmax` for `F.softmax`."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _functions(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """A related function in its place."""
    if not isinstance(node, ast.Call):
        return
    name, stop = called_name(node), program.span(node.func)[1]
    for pair in PAIRS:
        if name in pair:
            yield Change("function", stop - len(name), stop, pair[1 - pair.index(name)])
    if name == "sorted" and not any(keyword.arg == "reverse" for keyword in node.keywords):
        end = program.span(node)[1] - 1
        yield Change("function", end, end, ", reverse=True")


def _keywords(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """An argument by name is left out, with the comma before it or behind it."""
    if not isinstance(node, ast.Call):
        return
    for keyword in node.keywords:
        if keyword.arg is None or is_unseen(keyword):
            continue
        start, stop = program.span(keyword)
        before, after = program.before(start), program.after(stop)
        if before is not None and before.text == ",":
            start = before.start
        elif after is not None and after.text == "," and (following := program.after(after.stop)) is not None:
            stop = following.start
        yield Change("keyword", start, stop, "")


def _calls(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """A call is left out: what it was given stays."""
    if isinstance(node, ast.Call) and not isinstance(parent, ast.Expr) and not _is_for_a_device(node):
        kept = _given_to(program, node)
        if kept is not None and not isinstance(kept, ast.Starred | ast.Constant | ast.GeneratorExp | ast.JoinedStr):
            yield _over("call", program, node, program.text(kept))


def _given_to(program: Program, node: ast.Call) -> ast.expr | None:
    """What a call changes, as far as names tell: `x` in `x.exp()`, `torch.exp(x)`, `gelu(x)` and `self.norm(x)`."""
    first = node.args[0] if node.args else None
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        is_library = _root(owner) in program.imported
        if node.func.attr in KEEPING and not is_library and not (_root(owner) == "self" and node.args):
            return owner
        return first if node.func.attr in KEEPING or not is_library else None
    name = called_name(node)
    return first if name in KEEPING or (name.islower() and name not in dir(builtins)) else None


def _root(node: ast.expr) -> str:
    """The first name of a dotted one."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_for_a_device(node: ast.Call) -> bool:
    """Whether all that a call does is to bring a tensor where another one is."""
    places = [*node.args, *(keyword.value for keyword in node.keywords)]
    there = all(isinstance(place, ast.Attribute) and place.attr == "device" for place in places)
    return called_name(node) == "to" and there


# -- statements ---------------------------------------------------------------------------------------


def _statements(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """A statement is left out: what is done and not bound, what is done in place, a refusal."""
    match node:
        case ast.Expr() if not is_text(node):
            left_out = True
        case ast.AugAssign() | ast.Delete() | ast.Continue() | ast.Break():
            left_out = True
        case ast.Assign(targets=[target]):
            left_out = _is_in_place(target) or _is_bound_again(target, node.value)
        case ast.Raise():
            left_out = not _is_a_refusal(parent)
        case _:
            left_out = _is_a_refusal(node)
    if left_out:
        yield _over("statement", program, node, "pass")


def _is_in_place(target: ast.expr) -> bool:
    """Whether an object that is there already is written to; `self` is new."""
    return isinstance(target, ast.Subscript) or (isinstance(target, ast.Attribute) and _root(target) != "self")


def _is_bound_again(target: ast.expr, value: ast.expr) -> bool:
    """Whether a name is given a value that is made of its former one."""
    used = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return isinstance(target, ast.Name) and target.id in used


def _is_a_refusal(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise) and not node.orelse


def _headers(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """What goes on around a block or a function is left out: `with torch.no_grad():`, `@torch.no_grad()`."""
    if isinstance(node, ast.With) and not any(item.optional_vars for item in node.items):
        colon = program.between(node.items[-1].context_expr, node.body[0])[0]
        yield Change("context", program.span(node)[0], colon.start, "if True")
    elif isinstance(node, ast.FunctionDef):
        for decorator in node.decorator_list:
            start, stop = program.span(decorator)
            sign = program.before(start)
            if sign is not None and not any(name in program.text(decorator) for name in KEPT_DECORATORS):
                yield Change("context", sign.start, stop, "")


def _returns(program: Program, node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield _over("return", program, node.value, "None")


def _instead(kind: str, token: Token, text: str) -> Change:
    return Change(kind, token.start, token.stop, text)


def _over(kind: str, program: Program, node: ast.AST, text: str) -> Change:
    return Change(kind, *program.span(node), text)


MUTATORS: tuple[Mutator, ...] = (
    _operators, _comparisons, _logic, _conditions, _numbers, _booleans, _slices, _ranges, _order, _functions,
    _keywords, _calls, _statements, _headers, _returns,
)  # fmt: skip
