"""Names that a program uses and nobody defines."""

from __future__ import annotations

import pytest

from grader.author.names import undefined_names

RIGHT = {
    "imported": "import os.path\nfrom math import pi as p\nprint(os, p, __file__)",
    "defined below its use": "def f():\n    return g()\n\ndef g():\n    return 1",
    "local": "def f(a, *b, c=1, **d):\n    e = a\n    return [e for e in b], c, d, (lambda g: g)",
    "of the function around": "def f(a):\n    def g():\n        return a\n    return g",
    "declared global": "def f():\n    global kept\n    kept = 1\n\ndef g():\n    return kept",
    "of a loop and a handler": "for i in ():\n    try:\n        i()\n    except OSError as error:\n        str(error)",
    "of a class": "class A:\n    x = 1\n    y = x\n    def f(self):\n        return super().f(), __class__",
    "a quoted annotation": 'def f(x: "Float[seq]") -> "Tensor": ...',
    "an attribute": "def f(x):\n    return x.nowhere",
}
WRONG = {
    "at home": ("print(nowhere)", {"nowhere"}),
    "in a function": ("def f():\n    return torch.ones(1)", {"torch"}),
    "in a lambda's default": ("f = lambda x=one: two(x)", {"one", "two"}),
    "local elsewhere": ("def f():\n    a = 1\n\ndef g():\n    return a", {"a"}),
    "a class's name in its method": ("class A:\n    x = 1\n    def f(self):\n        return x", {"x"}),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_what_is_there_is_not_missed(kind: str) -> None:
    assert undefined_names(RIGHT[kind]) == set()


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_there_is_found(kind: str) -> None:
    source, names = WRONG[kind]
    assert undefined_names(source) == names
