"""What an expression may stand for, as far as it leads to the library: the values that `name_flow` follows."""

from __future__ import annotations

import ast
import enum
import sys
from dataclasses import dataclass, replace

MAX_PARTS = 8  # of a dotted name that is shown; what lies deeper is no less the library's
MAX_PART = 60

# Libraries that have other people's softmax, layers and losses ready; those that are not installed cannot be imported.
LIBRARIES = {"torch", "functorch", "torchvision", "scipy", "jax", "flax", "tensorflow", "keras", "transformers"}
# Names by which everybody calls the modules of torch, also where they are taken out of another module.
CONVENTIONAL = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "functional": "torch.nn.functional",
    "optim": "torch.optim",
    "Tensor": "torch.Tensor",
}
# Modules that have what is banned: handed on as values they could be asked for it anywhere.
MODULES = {
    *(
        "torch",
        "nn",
        "functional",
        "_functional",
        "F",
        "optim",
        "utils",
        "ops",
        "aten",
        "_C",
        "_nn",
        "_VariableFunctions",
    ),
    *(
        "special",
        "_special",
        "sparse",
        "masked",
        "modules",
        "activation",
        "loss",
        "normalization",
        "batchnorm",
        "_refs",
    ),
    *("clip_grad", "transformer", "adaptive", "adam", "adamw", "nadam", "radam", "adamax", "attention", "_decomp"),
}
# Modules of Python's own by which any other module, or any text as code, can be reached; torch has them as attributes.
GATES = {
    "builtins",
    "importlib",
    "sys",
    "inspect",
    "operator",
    "functools",
    "pickle",
    "ctypes",
    "gc",
    "pkgutil",
    "pydoc",
}
# Modules whose names lead nowhere, but for those that are named below. What any other module can do, nobody can see:
# to run a text, to import by a name, to unpickle.
HARMLESS = {
    *("", "__future__", "abc", "argparse", "array", "ast", "base64", "binascii", "bisect", "bz2", "calendar", "cmath"),
    *("collections", "colorsys", "concurrent", "contextlib", "contextvars", "copy", "csv", "dataclasses", "datetime"),
    *("decimal", "difflib", "doctest", "enum", "errno", "fractions", "getopt", "getpass", "glob", "graphlib", "gzip"),
    *("hashlib", "heapq", "hmac", "html", "io", "itertools", "json", "keyword", "locale", "logging", "lzma", "math"),
    *("numbers", "os", "pathlib", "platform", "posixpath", "pprint", "queue", "random", "re", "reprlib", "sched"),
    *("secrets", "shlex", "shutil", "signal", "statistics", "stat", "string", "struct", "tempfile", "textwrap"),
    *("threading", "time", "timeit", "token", "tokenize", "traceback", "type", "types", "typing", "unicodedata"),
    *("unittest", "uuid", "warnings", "weakref", "zipfile", "zlib", "zoneinfo", "atexit", "fnmatch", "tracemalloc"),
    *("resource", "urllib", "numpy", "jaxtyping", "regex", "tqdm", "einops", "typing_extensions", "beartype"),
    *("solutions", "exercises"),
}
# Of these modules only the parts that are named.
PARTLY_HARMLESS = {
    "IPython": {"display"},
    "grader": {"corpora"},
    "pytest": {"mark", "raises", "approx", "fixture", "param", "skip", "fail", "warns", "xfail"},
    "numpy.lib": {"stride_tricks"},
    "matplotlib": {
        *(
            "pyplot",
            "use",
            "rcParams",
            "rc",
            "figure",
            "ticker",
            "colors",
            "cm",
            "colormaps",
            "patches",
            "lines",
            "text",
        ),
        *("axes", "gridspec", "animation", "style", "font_manager", "dates", "collections", "image", "transforms"),
        *("get_backend", "__version__", "backends"),
    },
    "matplotlib.backends": {"backend_agg", "backend_svg", "backend_pdf"},
}
# Names of Python's own modules that lead to values nobody can foresee.
BEHIND = {
    *(
        "pickle",
        "_pickle",
        "dill",
        "cloudpickle",
        "marshal",
        "ctypes",
        "_ctypes",
        "cffi",
        "runpy",
        "code",
        "codeop",
        "imp",
    ),
    *("pydoc", "pkgutil.resolve_name", "unittest.mock", "mock", "typing.get_type_hints", "inspect.getmodule"),
    *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._getframe", "sys._current_frames"),
    *("inspect.currentframe", "inspect.stack", "inspect.trace", "inspect.getmembers", "inspect.getclosurevars"),
    *(
        "typing.ForwardRef",
        "annotationlib",
        "inspect.get_annotations",
        "inspect.getmembers_static",
        "string.Formatter",
        "importlib.util.module_from_spec",
        "importlib.util.LazyLoader",
        "importlib.machinery",
    ),
    *(
        "importlib._bootstrap",
        "importlib.abc",
        "importlib.resources",
        "_frozen_importlib",
        "zipimport",
        "builtins.__loader__",
    ),
    *("builtins.eval", "builtins.exec", "builtins.compile", "types.FunctionType", "types.CodeType"),
    *("torch.package", "torch.hub", "doctest.testmod", "doctest.testfile", "doctest.run_docstring_examples"),
    *("doctest.DocTestRunner", "doctest.DebugRunner", "doctest.debug", "doctest.script", "doctest.debug_src"),
    *("importlib.metadata", "sys.setprofile", "sys.settrace", "sys.monitoring", "sys.meta_path", "sys.path_hooks"),
    *("sys.addaudithook", "threading.setprofile", "threading.settrace", "threading.setprofile_all_threads"),
    *("threading.settrace_all_threads", "types.LambdaType", "unittest.TestLoader", "unittest.defaultTestLoader"),
    *("unittest.loader", "unittest.main", "unittest.TestProgram", "unittest.findTestCases", "unittest.makeSuite"),
    *("typing_extensions.get_type_hints", "typing_extensions.ForwardRef", "typing_extensions.evaluate_forward_ref"),
    *("typing.evaluate_forward_ref", "timeit.main", "numpy.conftest", "numpy.core", "numpy.compat"),
    *("numpy.ma.testutils",),
    *("numpy.testing", "numpy.load", "numpy.ctypeslib", "numpy.f2py", "numpy.distutils", "concurrent.futures.process"),
    *("concurrent.interpreters", "_interpreters", "_xxsubinterpreters", "logging.config", "shelve", "copyreg", "_imp"),
}
# Parts of torch that look functions up by themselves, or turn text into code.
LIBRARY_BEHIND = {
    *("overrides", "CompilationUnit", "cpp_extension", "decomposition_table", "get_decompositions", "_jit_try_compile"),
    *("_jit_script_compile", "_create_function_from_trace", "_package_unpickler", "_weights_only_unpickler"),
    *("ForkingPickler", "multiprocessing", "_load_from_bytes"),
    *("get_overridable_functions", "get_testing_overrides", "resolve_name", "PyCodeCache", "fx"),
}
# Attributes that lead from any function, class or frame to the names of its module.
BEHIND_ANYTHING = {
    *(
        "__code__",
        "__self__",
        "__annotations__",
        "__path__",
        "_ForkingPickler",
        "npyio",
        "_npyio_impl",
        "_format_impl",
        "runstring",
    ),
    *("__globals__", "__subclasses__", "__builtins__", "f_globals", "f_locals", "f_builtins", "__loader__", "__spec__"),
    *(
        "__closure__",
        "load_module",
        "exec_module",
        "__func__",
        "cell_contents",
        "tb_frame",
        "gi_frame",
        "cr_frame",
        "f_back",
        "__reduce_ex__",
        "__reduce__",
    ),
}
BASES = {"__mro__", "__bases__", "__base__", "mro", "__class__"}
GETTERS = {"__getattribute__", "__getattr__"}
ITEM_METHODS = {"get", "pop", "__getitem__", "setdefault"}
FREE_ITEM_METHODS = {"keys", "__contains__", "__len__"}


class Kind(enum.Enum):
    """What a value is to us."""

    LIBRARY = enum.auto()  # something of a library, by its dotted name
    OTHER = enum.auto()  # something of any other module, by its dotted name
    TYPE = enum.auto()  # the type of some value, which may be a tensor
    NAMESPACE = enum.auto()  # the names of a module, or all modules, as a dictionary
    ENTRY = enum.auto()  # a method of such a dictionary that gives an entry
    GETTER = enum.auto()  # `F.__getattribute__`
    ATTRGETTER = enum.auto()  # `attrgetter("a.b")`; `node` is that call
    FUNCTION = enum.auto()  # a function of this file
    CLASS = enum.auto()  # a class of this file
    COMPUTED = enum.auto()  # an attribute of an unknown value, under a name that is computed


@dataclass(frozen=True)
class Value:
    """One thing that an expression may stand for. `boxed`: it lies inside of a list, a dictionary or the like.

    `of` says whose names a NAMESPACE has.
    """

    kind: Kind
    name: str = ""
    boxed: bool = False
    node: ast.AST | None = None
    of: Kind | None = None

    def inside(self) -> Value:
        return self if self.boxed else replace(self, boxed=True)

    def outside(self) -> Value:
        return replace(self, boxed=False) if self.boxed else self

    @property
    def is_module(self) -> bool:
        """Whether it is one of the library's modules that have what may be banned."""
        return self.kind is Kind.LIBRARY and (self.name in LIBRARIES or self.name.rpartition(".")[2] in MODULES)


def root(name: str) -> Value:
    """What `import name` gives."""
    return Value(Kind.LIBRARY if name in LIBRARIES else Kind.OTHER, name[:MAX_PART])


def extended(name: str, part: str) -> str:
    """The dotted name with one more part, unless it is long already."""
    return name if name.count(".") >= MAX_PARTS else f"{name}.{part[:MAX_PART]}"


def member(value: Value, part: str) -> Value:
    """What the attribute of a module, or of something in it, is."""
    if value.kind is Kind.OTHER and part in CONVENTIONAL and not is_pythons(value.name):
        return Value(Kind.LIBRARY, CONVENTIONAL[part])
    if part.strip("_") in GATES and part[-1:] != "_" and value.name:  # modules have the modules that they import
        return Value(Kind.OTHER, part.lstrip("_"))
    if part in LIBRARIES and value.kind is Kind.LIBRARY:
        return root(part)
    return Value(value.kind, extended(value.name, part))


def is_pythons(name: str) -> bool:
    """Whether the dotted name is of Python's own modules."""
    return name.partition(".")[0] in sys.stdlib_module_names


def may_hold_library(value: Value) -> bool:
    """Whether a computed name of it may be the library's."""
    if value.kind in (Kind.LIBRARY, Kind.TYPE):
        return True
    top = value.name.partition(".")[0]
    if value.kind is not Kind.OTHER:
        return False
    return top in GATES or top in ("", "grader", "solutions", "exercises") or _is_chapter(top)


def _is_chapter(top: str) -> bool:
    return top[:2] == "ch" and top[2:3].isdigit()


def is_behind(value: Value, part: str) -> bool:
    """Whether the value, of which `part` is the last part, leads where nobody can look beforehand."""
    if part in BEHIND_ANYTHING:
        return True
    if value.kind is Kind.LIBRARY and (part in LIBRARY_BEHIND or part.startswith("_jit_")):
        return True
    return value.name in BEHIND


def is_unknown(value: Value) -> bool:
    """Whether it is, or is in, a module that nobody has vouched for, or a private part of another."""
    if value.kind is not Kind.OTHER:
        return False
    top, *parts = value.name.split(".")
    if top in GATES or _is_chapter(top):
        return False
    private = any(part[:1] == "_" and part[:2] != "__" for part in parts)
    for depth in reversed(range(len(parts) + 1)):
        within = PARTLY_HARMLESS.get(".".join([top, *parts[:depth]]))
        if within is not None:
            return private or (depth < len(parts) and parts[depth] not in within)
    return private or top not in HARMLESS


def leads_out(part: str, owner: ast.AST | None = None) -> bool:
    """Whether the attribute leads out of any value: from a function to its module, from an exception to its object."""
    of_itself = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
    return part in BEHIND_ANYTHING or (part == "obj" and not of_itself)
