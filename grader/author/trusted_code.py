"""Whether code of a learner's may go on the list of mistakes: listed mistakes run beside the tests, with no sandbox.

What computes with tensors, numbers and texts may. What could read a file, reach the kit or hide what it does may not.
This is a first sieve: a person reads the entry before it is used.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

MODULES = re.compile(
    r"(torch(\.nn(\.functional|\.init)?)?|math|numpy|jaxtyping|collections(\.abc)?|itertools|functools|dataclasses"
    r"|typing|abc|re|random|string|heapq|bisect|enum|statistics|ch\d+_\w+(\.\w+)?)\Z"
)


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


NAMES = _words(
    "eval exec compile open globals locals vars dir getattr setattr delattr breakpoint input help exit quit memoryview",
)
PARTS = _words(
    "load save hub jit ops classes utils package multiprocessing distributed library compile fromfile tofile memmap",
    "from_file from_buffer dump dumps loads modules system popen ctypes ctypeslib loadtxt savetxt genfromtxt savez",
    "f_globals f_locals f_builtins f_back tb_frame gi_frame cr_frame ag_frame untyped_storage data_ptr lib testing",
    "sys os io inspect builtins importlib pickle copyreg types gc atexit threading subprocess socket warnings platform",
    "open_memmap DataSource serialization storage overrides fx export cuda backends onnx profiler",
)
LIBRARIES = _words("torch nn F np numpy math Tensor functional init random functools itertools collections")
METHODS = _words(
    "__init__ __len__ __getitem__ __setitem__ __call__ __repr__ __str__ __iter__ __next__ __eq__ __hash__ __contains__",
    "__post_init__ __name__ __add__ __mul__ __matmul__ __lt__",
)


def distrusted(node: ast.AST) -> str:
    """Why a statement may not go on the list; empty where it may."""
    what = next(_distrusted(node), "")
    return f"their code uses `{what}`, and a listed mistake runs beside the tests with no sandbox" if what else ""


def _distrusted(node: ast.AST) -> Iterator[str]:
    for item in ast.walk(node):
        match item:
            case ast.Import(names=names):
                yield from (f"import {name.name}" for name in names if not MODULES.match(name.name))
            case ast.ImportFrom(module=module, names=names):
                if item.level or not MODULES.match(module or ""):
                    yield f"from {module} import"
                yield from (name.name for name in names if not _is_plain(name.name, is_own=False))
            case ast.Name(id=name) if name in NAMES or (_is_special(name) and name not in METHODS):
                yield name
            case ast.Attribute(attr=name, value=owner) if not _is_plain(name, _is_own(owner)):
                yield name
            case ast.Attribute(ctx=ast.Store() | ast.Del(), value=owner) if _root(owner) in LIBRARIES:
                yield f"{ast.unparse(item)} ="
            case ast.FunctionDef(name=name) if _is_special(name) and name not in METHODS:
                yield name
            case ast.AsyncFunctionDef() | ast.Await() | ast.Global():
                yield type(item).__name__.removesuffix("FunctionDef").lower()


def _is_special(name: str) -> bool:
    return name.startswith("__")


def _is_plain(name: str, is_own: bool) -> bool:
    """A part that may be asked for. One with an underscore is a module's own affair, or the object's own."""
    hidden = name.startswith("_") and name not in METHODS and (not is_own or _is_special(name))
    return name not in PARTS and name != "*" and not hidden


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_own(owner: ast.AST) -> bool:
    return isinstance(owner, ast.Name) and owner.id in ("self", "cls")
