"""Bans are found by resolved names, however they are reached; what cannot be told is refused; the rest is free."""

from __future__ import annotations

import ast
import fnmatch
import time
from pathlib import Path

import pytest
from ban_ways import INNOCENT, METHOD_WAYS, SECOND_LOOK, TARGETS, THIRD_LOOK, WAYS, text_of

from grader.course.bans import banned_use, banned_uses
from grader.course.cells import Cells
from grader.course.curriculum import Ban, load_curriculum
from grader.course.layout import Layout
from grader.course.source import first_problem

LAYOUT = Layout(Path(__file__).resolve().parents[2])
CURRICULUM = load_curriculum(LAYOUT)
ALL_BANS = tuple(dict.fromkeys(ban for exercise in CURRICULUM.exercises for ban in exercise.bans))
SOFTMAX = CURRICULUM.get("ch3_attention/softmax")
GENEROUS_SECONDS = 20.0  # of processor time; what was quadratic took minutes
NAMES = ("torch.nn.Embedding", "torch.nn.functional.softmax", "torch.nn.Transformer*", "torch.Tensor.softmax")


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.nn.Embedding(3, 4)",
        "from torch import nn\nnn.Embedding(3, 4)",
        "import torch.nn as layers\nlayers.Embedding(3, 4)",
        "from torch.nn import Embedding as E\nE(3, 4)",
        "from torch.nn import *\nEmbedding(3, 4)",
        "import torch.nn.functional as F\nF.softmax(x, -1)",
        "from torch.nn import functional\nfunctional.softmax(x, -1)",
        "from torch import nn\nf = nn.functional\ng = f.softmax\ng(x, -1)",
        "from torch import nn\ngetattr(nn, 'Embedding')(3, 4)",
        "from torch import nn\nclass Mine(nn.TransformerEncoderLayer): pass",
        "def f(x):\n    return x.softmax(-1)",
        "def f(x):\n    return (x @ x).softmax(-1)",
    ],
)
def test_a_banned_use_is_found(source: str) -> None:
    assert list(banned_uses(ast.parse(source), NAMES))


@pytest.mark.parametrize(
    "source",
    [
        "from ch2_embeddings.embedding import Embedding\nEmbedding(3, 4)",
        "class Embedding: pass\nEmbedding()",
        "from torch import nn\nnn.EmbeddingBag(3, 4)",
        "from ch3_attention.softmax import softmax\nsoftmax(x, -1)",
        "'nn.Embedding is not to be used'",
        "class A:\n    def f(self):\n        return self.softmax(1)",
        "import torch\ntorch.exp(x)",
    ],
)
def test_anything_else_is_free(source: str) -> None:
    assert not list(banned_uses(ast.parse(source), NAMES))


def test_the_line_is_told() -> None:
    ((name, line),) = set(banned_uses(ast.parse("from torch import nn\n\nx = nn.Embedding(3, 4)\n"), NAMES))
    assert (name, line) == ("torch.nn.Embedding", 3)


def bans_of(name: str) -> tuple[Ban, ...]:
    """The sets of the course that ban a name."""
    return tuple(
        ban for ban in ALL_BANS if any(fnmatch.fnmatchcase(name, word.rpartition(".")[2]) for word in ban.names)
    )


@pytest.mark.parametrize("way", [*WAYS, *SECOND_LOOK, *THIRD_LOOK])
def test_each_way_to_a_banned_name_is_refused(way: str) -> None:
    for home, name in TARGETS.values():
        source = text_of((WAYS | SECOND_LOOK | THIRD_LOOK)[way], home, name)
        assert banned_use(ast.parse(source), bans_of(name)) is not None, source


@pytest.mark.parametrize("way", METHOD_WAYS)
def test_each_way_to_a_method_of_a_tensor_or_a_kernel_is_refused(way: str) -> None:
    assert banned_use(ast.parse(METHOD_WAYS[way]), SOFTMAX.bans) is not None


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("softmax", "torch.ops.aten._safe_softmax.default"),
        ("softmax", "torch._masked_softmax"),
        ("scaled_dot_product_attention", "torch.ops.aten._scaled_dot_product_attention_math.default"),
        ("scaled_dot_product_attention", "torch._C._nn.scaled_dot_product_attention"),
        ("scaled_dot_product_attention", "torch.nn.attention.flex_attention.flex_attention"),
        ("scaled_dot_product_attention", "torch._triton_scaled_dot_attention"),
        ("MultiheadAttention", "torch._native_multi_head_attention"),
        ("TransformerEncoder", "torch._transformer_encoder_layer_fwd"),
        ("TransformerEncoder", "torch.nn.modules.transformer._get_activation_fn"),
        ("Embedding", "torch.nn.modules.sparse.EmbeddingBag"),
        ("Embedding", "torch._C._VariableFunctions.embedding"),
        ("LayerNorm", "torch.native_layer_norm"),
        ("LayerNorm", "torch._fused_rms_norm"),
        ("LayerNorm", "torch.nn.modules.batchnorm._BatchNorm"),
        ("GELU", "torch._C._nn.gelu_"),
        ("cross_entropy", "torch._C._nn.cross_entropy_loss"),
        ("cross_entropy", "torch.nn.modules.loss.CrossEntropyLoss"),
        ("AdamW", "torch._fused_adamw_"),
        ("AdamW", "torch.optim._functional.adamw"),
        ("clip_grad_norm_", "torch.nn.utils.clip_grad._get_total_norm"),
    ],
)
def test_the_same_work_under_another_name_of_the_library_is_banned(name: str, kernel: str) -> None:
    for source in (
        f"import torch\n{kernel}(x)",
        f"import {kernel.rpartition('.')[0]} as m\nm.{kernel.rpartition('.')[2]}",
    ):
        assert banned_use(ast.parse(source), bans_of(name)) is not None, source


@pytest.mark.parametrize("use", INNOCENT)
def test_what_honest_learners_write_is_free_whatever_is_banned(use: str) -> None:
    assert banned_use(ast.parse(INNOCENT[use]), ALL_BANS) is None


def course_files() -> list[tuple[str, Path]]:
    """All solutions, stubs and right answers, with their exercises."""
    found = []
    for exercise in CURRICULUM.graded:
        found += [(exercise.name, root / f"{exercise.name}.py") for root in (LAYOUT.solutions, LAYOUT.exercises)]
        answers = Path(__file__).parent / "right_answers" / exercise.name
        found += [(exercise.name, path) for path in sorted(answers.glob("*.py"))]
    return found


def test_no_solution_no_stub_and_no_right_answer_is_refused() -> None:
    files = course_files()
    assert len(files) > 150
    refused = {
        path: problem
        for name, path in files
        if (problem := first_problem(path, path.name, CURRICULUM.get(name))) is not None
    }
    assert refused == {}


def test_nothing_of_the_course_is_undecided_whatever_is_banned() -> None:
    for _, path in course_files():
        found = banned_use(ast.parse(path.read_text(encoding="utf-8")), ALL_BANS)
        assert found is None or found.predicate == ", does this exercise's own work.", path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch\ngetattr(torch, name)", "A name of torch, computed, could be one that this exercise bans."),
        ("eval('1')", "eval, used, can reach what this exercise bans, and nobody can see beforehand whether it does."),
        ("import torch\nbox = make(torch)", "torch, handed on as a value, could be asked for what this exercise bans."),
    ],
)
def test_what_cannot_be_told_has_a_message_of_its_own(source: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    path.write_text(source)
    problem = first_problem(path, "softmax.py", SOFTMAX)
    assert problem is not None
    assert problem.subject + problem.predicate == message
    assert (problem.line, problem.text) == (source.count("\n") + 1, source.split("\n")[-1])
    assert problem.advice.startswith("Write the ")


def in_notebook(tmp_path: Path, *cells: str) -> str | None:
    """What is said of cells as the softmax exercise's notebook."""
    source, places, line = "", [], 1
    for number, cell in enumerate(cells, 1):
        places.append((line, number))
        source += cell + "\n\n"
        line += cell.count("\n") + 2
    path = tmp_path / "softmax.py"
    path.write_text(source)
    made: Cells = tuple(places)
    problem = first_problem(path, "softmax.ipynb", SOFTMAX, made)
    return None if problem is None else problem.subject


OWN = "import torch\nimport torch.nn.functional as F\ndef softmax(x, dim):\n    return x.exp() / x.exp().sum(dim, True)"


@pytest.mark.parametrize(
    "cell",
    [
        "torch.allclose(softmax(x, -1), F.softmax(x, -1))",
        "expected = x.softmax(-1)\nprint(expected - softmax(x, -1))",
        "reference = torch.nn.Softmax(-1)\nreference(x)",
        "for x in (a, b):\n    print(F.softmax(x, -1))",
        "help(F.softmax)",
        "assert (F.softmax(x, 0) == softmax(x, 0)).all()",
        "def compare(f, g, x):\n    return (f(x, -1) - g(x, -1)).abs().max()\ncompare(softmax, F.softmax, x)",
        "print([(f(x, -1) - F.softmax(x, -1)).abs().max() for f in (softmax,)])",
        "shape = (2, 3)\ndef check(f, g):\n    x = torch.ones(shape)\n    return f(x, -1) - g(x, -1)\n"
        "check(softmax, F.softmax)",
        "import pandas as pd\npd.DataFrame(F.softmax(x, -1).numpy())",
        "print(F.softmax.__doc__)",
    ],
)
def test_scratch_work_of_a_notebook_is_free(cell: str, tmp_path: Path) -> None:
    assert in_notebook(tmp_path, OWN, cell) is None
    assert in_notebook(tmp_path, cell, OWN) is None


@pytest.mark.parametrize(
    "cell",
    [
        "softmax = F.softmax",
        "kept = torch.nn.Softmax(-1)\ndef softmax(x, dim):\n    return kept(x)",
        "kept = [F.softmax]\nalso = kept[0]\ndef softmax(x, dim):\n    return also(x, dim)",
        "kept = []\nkept.append(F.softmax)\ndef softmax(x, dim):\n    return kept[0](x, dim)",
        "kept = {}\nkept['f'] = F.softmax\ndef softmax(x, dim):\n    return kept['f'](x, dim)",
        "softmax = torch.nn.Softmax(-1)",
        "softmax = lambda x, dim: F.softmax(x, dim)",
        "softmax.__code__ = F.softmax.__code__",
        "class A:\n    f = F.softmax",
        "setattr(A, 'f', F.softmax)",
        "object.__setattr__(softmax, 'f', F.softmax)",
        "from torch.nn.functional import softmax",
        "exec('from torch import softmax')",
    ],
)
def test_what_definitions_use_and_other_names_are_not_scratch_work(cell: str, tmp_path: Path) -> None:
    assert in_notebook(tmp_path, OWN, cell) is not None


KEEPS = "import heapq, operator, functools\nbox = []\ndef softmax(x, dim):\n    return box[0](x, dim)"


@pytest.mark.parametrize(
    "cell",
    [
        "box.append(F.softmax)",
        "list.append(box, F.softmax)",
        "list(map(box.append, [F.softmax]))",
        "any(map(box.append, [F.softmax]))",
        "heapq.heappush(box, F.softmax)",
        "operator.iadd(box, [F.softmax])",
        "functools.partial(box.append, F.softmax)()",
        "other = box\nother.append(F.softmax)",
        "def put(f):\n    box.append(f)\nput(F.softmax)",
        "def put(f):\n    box.append(f)\ndef pass_on(f):\n    put(f)\npass_on(F.softmax)",
        "for f in (F.softmax,):\n    list.append(box, f)",
        "import logging\nlogging.addLevelName(77, F.softmax)",
        "def keep(f):\n    global GOT\n    GOT = f\nkeep(F.softmax)",
        "import numpy as np\nBOX = np.zeros(1, dtype=object)\ndef f(x):\n    return BOX[0](x)\n"
        "np.copyto(BOX, F.softmax)",
    ],
)
def test_what_a_definition_finds_where_a_cell_has_put_it_is_no_scratch_work(cell: str, tmp_path: Path) -> None:
    first = "import torch\nimport torch.nn.functional as F"
    assert in_notebook(tmp_path, first, KEEPS, cell) == "torch.nn.functional.softmax, used"
    assert in_notebook(tmp_path, first, cell, KEEPS) == "torch.nn.functional.softmax, used"


HOSTILE = {
    "a long chain": "import torch\nx = torch" + ".a" * 1500,
    "long chains": "import torch\n" + ("x = torch" + ".a" * 900 + "\n") * 500,
    "a large number": "import torch\ngetattr(torch, 0x" + "f" * 4000 + ")",
    "an import of many dots": "import " + ".".join(["torch"] * 800) + "\nfrom torch" + ".a" * 800 + " import b",
    "aliases backwards": "import torch\n" + "".join(f"a{i} = a{i + 1}\n" for i in range(20000)) + "a20000 = torch",
    "a cycle of aliases": "import torch\n" + "".join(f"a{i} = a{(i + 1) % 9000}\n" for i in range(9000)) + "a0 = torch",
    "many meanings": "import torch\n" + "".join(f"a = torch.f{i}\nb = a\nc = b\n" for i in range(8000)),
    "many functions": "import torch\n"
    + "".join(f"def f{i}(x): return g(x)\ng = f{i}\n" for i in range(4000))
    + "g(torch)\n" * 4000,
    "many stars": "".join(f"from torch.m{i} import *\n" for i in range(5000)) + "".join(f"n{i}\n" for i in range(5000)),
    "many cases": "import torch\nmatch torch:\n" + "".join(f"  case object(a{i}=b{i}): pass\n" for i in range(5000)),
    "many getters": "import operator, torch\ng = operator.attrgetter(" + "'a.b'," * 1000 + ")\n" + "g(torch)\n" * 3000,
    "many bindings": "x = 1\n" * 9000 + "getattr(y, x)\nx.softmax\n" * 9000,
    "many classes": "".join(f"class A{i}(A{i - 1}): pass\nA{i}.softmax\n" for i in range(1, 5000)),
    "a wide tuple": "import torch\n(" + "a, " * 50000 + ") = (" + "torch.exp, " * 50000 + ")",
    "many statements": "import torch\n" + "def f(x): return torch.exp(x) @ x.softplus\n" * 10000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_read_in_bounded_work(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    path.write_text(HOSTILE[kind])
    began = time.process_time()
    first_problem(path, "softmax.py", SOFTMAX)
    assert time.process_time() - began < GENEROUS_SECONDS


@pytest.mark.parametrize("depth", [1, 4, 50, 500])
def test_aliases_of_any_depth_and_order_are_followed(depth: int) -> None:
    lines = [f"a{i} = a{i + 1}" for i in range(depth)]
    for order in (lines, lines[::-1]):
        source = "\n".join(["import torch", *order, f"a{depth} = torch.nn", "def f(): return a0.Embedding"])
        assert ("torch.nn.Embedding", depth + 3) in list(banned_uses(ast.parse(source), NAMES))
