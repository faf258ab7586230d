"""How long a check takes, against `import torch`: cold, unchanged, a worker for each test, and plain pytest.

.venv/bin/python benchmarks/check.py [rounds]
.venv/bin/python benchmarks/check.py ROUNDS EXERCISE|CHAPTER …    # each as right after its file was saved
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timing import Contender, command, compare, table

from grader.course.curriculum import load_curriculum
from grader.course.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
TORCH = "python -c 'import torch'"
JUDGE = (PYTHON, str(ROOT / "benchmarks/judge_one.py"))
JUDGED = "ch2_embeddings/embedding"
PLAIN = '''
"""The same test code under plain pytest: the solution imported into the test process."""
import sys
from pathlib import Path
import importlib
import pytest
sys.path.insert(0, {solutions!r})
sys.path.insert(0, {root!r})
import torch
from grader.tester.draw import Draw


class Expect:
    def close(self, came, wanted, *a, **k):
        torch.testing.assert_close(came, wanted)

    def equal(self, came, wanted, *a):
        assert came == wanted

    def shape(self, came, wanted, *a):
        assert tuple(came.shape) == wanted

    def between(self, came, low, high, *a):
        assert low <= float(came) <= high

    def true(self, condition, *a, **k):
        assert condition

    def raises(self, error, function, *args, mentions=None):
        with pytest.raises(error):
            function(*args)


@pytest.fixture
def expect():
    return Expect()


@pytest.fixture
def draw():
    return Draw(1)


@pytest.fixture
def student():
    module = importlib.import_module("ch2_embeddings.embedding")
    torch.nn.Module.gradients = lambda self: {{n: p.grad for n, p in self.named_parameters()}}
    original = torch.nn.Module.named_parameters
    return module
'''


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kit = _solved_kit(Path(folder))
        grader = (PYTHON, "-m", "grader")
        env = {**os.environ, "PYTHONPATH": str(ROOT)}

        def forget() -> None:
            shutil.rmtree(kit / ".grader", ignore_errors=True)

        def check(name: str) -> Callable[[], None]:
            return command(*grader, "check", name, cwd=str(kit), env=env)

        plain = _plain_pytest(kit)
        contenders = [
            Contender(TORCH, command(PYTHON, "-c", "import torch", env=env)),
            Contender("check one_hot (NumPy), cold", check("one_hot"), forget),
            Contender("check softmax (torch), cold", check("softmax"), forget),
            Contender("check softmax, unchanged", check("softmax")),
            Contender("judge embedding, one worker", command(*JUDGE, "plain", JUDGED, cwd=str(kit), env=env)),
            Contender(
                "judge embedding, a worker for each test", command(*JUDGE, "each", JUDGED, cwd=str(kit), env=env)
            ),
            Contender("plain pytest on embedding's tests", command(PYTHON, "-m", "pytest", "-q", str(plain), env=env)),
        ]
        print(table(compare(contenders, rounds), TORCH))


def each(rounds: int, words: list[str]) -> None:
    """Every exercise named, edited before each round, with the earlier ones that it needs passed."""
    layout = Layout(ROOT)
    curriculum = load_curriculum(layout)
    names = [exercise.name for word in words for exercise in curriculum.find(word) if not exercise.manually_graded]
    with tempfile.TemporaryDirectory() as folder:
        kit = _solved_kit(Path(folder))
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command(PYTHON, "-m", "grader", "check", *names, cwd=str(kit), env=env)()

        def saved(name: str) -> Callable[[], None]:
            def add_a_line() -> None:
                with (kit / "exercises" / f"{name}.py").open("a") as file:
                    file.write("# once more\n")

            return add_a_line

        contenders = [Contender(TORCH, command(PYTHON, "-c", "import torch", env=env))]
        contenders += [
            Contender(name, command(PYTHON, "-m", "grader", "check", name, cwd=str(kit), env=env), saved(name))
            for name in names
        ]
        print(table(compare(contenders, rounds), TORCH))


def _solved_kit(folder: Path) -> Path:
    for name in ("solutions", "tests", "exercises", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "solutions").rglob("*.py"):
        shutil.copy(path, folder / "exercises" / path.relative_to(folder / "solutions"))
    return folder


def _plain_pytest(kit: Path) -> Path:
    place = kit / "plain"
    place.mkdir()
    (place / "conftest.py").write_text(PLAIN.format(solutions=str(kit / "solutions"), root=str(ROOT)))
    shutil.copy(kit / "tests/graded/ch2_embeddings/test_embedding.py", place)
    return place


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    each(count, sys.argv[2:]) if len(sys.argv) > 2 else main(count)
