"""What a person's answer may mean: numbers, truths and texts, in every usual way of writing them. Nothing is run."""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterator
from types import MappingProxyType

MAX_LENGTH = 400  # characters of an answer
MAX_READINGS = 64  # of one list: each of its numbers may have two
TRUTHS = MappingProxyType(
    dict.fromkeys(("true", "t", "yes", "y", "1", "✓"), True) | dict.fromkeys(("false", "f", "no", "n", "0", "✗"), False)
)
SIGNS = str.maketrans({"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "∞": "inf", "π": "pi", "²": "^2"})
NAMED = MappingProxyType({"inf": math.inf, "infinity": math.inf, "pi": math.pi, "e": math.e})
FUNCTIONS: MappingProxyType[str, Callable[[float], float]] = MappingProxyType(
    {"sqrt": math.sqrt, "ln": math.log, "log": math.log, "log2": math.log2, "exp": math.exp}
)
OPERATORS: MappingProxyType[type[ast.operator], Callable[[float, float], float]] = MappingProxyType(
    {
        ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
        ast.Pow: math.pow,
    }
)  # fmt: skip
THOUSANDS = re.compile(r"[+-]?\d{1,3}([ ,_'])\d{3}(?:\1\d{3})*(?:\.\d+)?\Z")
DECIMAL_COMMA = re.compile(r"(?<![\d,.])(\d*),(\d+)(?![\d,.])")
LEADING = re.compile(r"(?:about|roughly|approx\.?|it is|is|=|~|≈)\s*")
UNIT = re.compile(r"(\d\.?|[)%])\s*[a-z][a-z ]*\Z")  # `24 parameters`
WRAPPER = re.compile(r"\b(?:torch\.)?(?:size|tensor|shape|array|list|tuple)\b\s*=?", re.IGNORECASE)
BETWEEN_SIZES = re.compile(r"(?<=\d)\s*(?:[xX*]|by)\s*(?=\d)")
NO_VALUE = (SyntaxError, ValueError, ArithmeticError, MemoryError, RecursionError, TypeError)
QUOTES = "'\"`“”‘’"


def numbers_of(text: str) -> set[float]:
    """The numbers that a text may be: `0,5`, `1/3`, `10 000`, `50%`, `2*3 + 1`, `ln 8`. None where it is no number."""
    text = LEADING.sub("", text.strip().lower().translate(SIGNS), count=1).strip()
    text = UNIT.sub(r"\1", text) if _value(text) is None else text
    found = {value for way in _spellings(text) if (value := _value(way)) is not None}
    if text.endswith("%") and (value := _value(text[:-1].replace(",", "."))) is not None:
        found |= {value, value / 100}
    return found


def number_lists_of(text: str) -> Iterator[tuple[float, ...]]:
    """The lists of numbers that a text may be, with any usual brackets and separators. Lists in lists become one."""
    seen: set[tuple[float, ...]] = set()
    plain = WRAPPER.sub(" ", text.translate(SIGNS))
    as_sizes = BETWEEN_SIZES.sub(",", plain)
    for items in (*_splits(as_sizes), *(_splits(plain) if plain != as_sizes else ())):
        values = [sorted(numbers_of(item)) for item in items]
        if all(values):
            for reading in itertools.islice(itertools.product(*values), MAX_READINGS):
                if reading not in seen:
                    seen.add(reading)
                    yield reading


def truths_of(text: str) -> tuple[bool, ...] | None:
    """The truths in a text: `True`, `yes`, `[T, F]`, `1 0 0`, `TFF`. None where a word is none."""
    words = re.findall(r"[^\s,;\[\](){}]+", WRAPPER.sub(" ", text.casefold()))
    if len(words) == 1 and words[0] not in TRUTHS:
        words = list(words[0])
    return tuple(TRUTHS[word] for word in words) if words and all(word in TRUTHS for word in words) else None


def texts_of(text: str) -> tuple[str, ...]:
    """The texts of a list: a literal of Python, or words between commas or blanks."""
    try:
        value = ast.literal_eval(_parsed(text))
    except NO_VALUE:
        value = None
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    inner = text.strip().strip("[](){}").strip()
    parts = inner.split(",") if "," in inner else inner.split()
    return tuple(plain_text(part) for part in parts if part.strip())


def plain_text(text: str) -> str:
    """A text without the quotes around it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] in QUOTES and text[-1] in QUOTES else text


def _spellings(text: str) -> Iterator[str]:
    yield text
    if THOUSANDS.match(text):
        yield re.sub(r"[ ,_']", "", text)
    if DECIMAL_COMMA.search(text):
        yield DECIMAL_COMMA.sub(r"\1.\2", text)


def _splits(text: str) -> Iterator[list[str]]:
    """The items of a list: between commas, then blanks too, then blanks alone, for numbers with a decimal comma."""
    inner = re.sub(r"[\[\]{}]", " ; ", text).strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    for pattern in (r"[,;]", r"[,;\s]+", r"(?:[;\s]|,(?=\s))+"):
        items = [_balanced(item) for item in re.split(pattern, inner)]
        yield [item for item in items if item]


def _balanced(item: str) -> str:
    """An item without what a list's own brackets left on it."""
    item = item.strip().strip(QUOTES).strip()
    while item.startswith("(") and item.count("(") > item.count(")"):
        item = item[1:].strip()
    while item.endswith(")") and item.count(")") > item.count("("):
        item = item[:-1].strip()
    return item


def _value(text: str) -> float | None:
    """The value of a short sum, written as Python or as people write it."""
    text = re.sub(r"√\s*", "sqrt ", text.replace("^", "**"))
    text = re.sub(r"\b(sqrt|ln|log2?|exp)\s+([\d.]+|e|pi)", r"\1(\2)", text)
    text = re.sub(r"(?<=[\d)])\s*x\s*(?=[\d(])", "*", text)
    text = re.sub(r"(?<![\w.])0+(?=\d)", "", text)
    try:
        value = _computed(_parsed(text))
    except NO_VALUE:
        return None
    return value if not math.isnan(value) else None


def _parsed(text: str) -> ast.expr:
    """The expression that a text is. What Python warns of is no learner's concern here: it is no program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text.strip(), mode="eval").body


def _computed(node: ast.expr) -> float:
    """What arithmetic gives; anything else is a `ValueError`."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type] # it was just looked at
    if isinstance(node, ast.Name) and node.id in NAMED:
        return NAMED[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _computed(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_computed(node.left), _computed(node.right))
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in FUNCTIONS:
            return FUNCTIONS[name](_computed(node.args[0]))
    raise ValueError(ast.dump(node)[:40])
