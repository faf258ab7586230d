"""What a hidden test asks, what the solutions say and what others handed in reaches no student.

Each file in `attacks/leaks` tries to tell what it was given in a hidden test, where a number stands that is nowhere
else. All of them are scored as one class, and every byte that comes out is searched for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import SOLUTION, SUITE, Kit
from running import grader

from grader.judge.client import Judge

LEAKS = sorted((Path(__file__).parent / "attacks" / "leaks").glob("*.py"))
NUMBER = 73105857863004
TRACES = (str(NUMBER), str(2 * NUMBER), str(NUMBER // 2), "7.31059e+13", "1.46212e+14", "3.65529e+13", "7.3105857863")
HIDDEN_TESTS = f"""

import pytest
import torch


@pytest.mark.hidden
@pytest.mark.parametrize("size", [1, 2])
def test_double_on_other_inputs(student, expect, size):
    \"\"\"Every element comes back twice as large.\"\"\"
    x = torch.full((3, size), {NUMBER}.0, dtype=torch.float64)
    expect.close(student.double(x), x + x)


@pytest.mark.hidden
@pytest.mark.parametrize("size", [1, 2])
def test_halve_on_other_inputs(student, expect, size):
    \"\"\"Every element comes back half as large.\"\"\"
    x = torch.full((3, size), {NUMBER}.0, dtype=torch.float64)
    expect.close(student.halve(x), x / 2)
"""
SHARED = """

def secret(x):
    \"\"\"The number of the hidden tests as text, where it is there.\"\"\"
    number = float(x.flatten()[0])
    return str(int(number)) if abs(number) > 1e9 else "0"


def frame(node):
    import msgspec

    header = msgspec.msgpack.encode(node)
    return b"\\x02" + len(header).to_bytes(4, "big") + bytes(4) + header


def send(data):
    import os
    import stat

    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return os.write(number, data)
        except OSError:
            pass
"""
KINDS = {  # ways to fail in a hidden test alone
    "fails": "return x",
    "raises": "raise ValueError",
    "sleeps": "__import__('time').sleep(100)",
    "is_to_do": "raise NotImplementedError",
    "ends": "__import__('os')._exit(3)",
}
IN_A_SOLUTION = "# 0f3c-of-the-solution-alone"
READS_ITS_PARTS = '''"""Reads the earlier part that it is judged on, and tells of it in every way."""
import inspect

from ch1_mini import scale

text = inspect.getsource(scale) + str(vars(scale))
print(text)


def quadruple(x):
    print(text)
    raise type(text[-40:], (ValueError,), {})(text)
'''


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, judge: Judge) -> Iterator[dict[str, bytes]]:
    """Every output of a scored class, by its name: files, what is in archives, and what was said."""
    folder = tmp_path_factory.mktemp("leaks")
    kit = Kit(folder / "kit", judge)
    kit.layout.suite_file(kit.name).write_text(SUITE + HIDDEN_TESTS)
    kit.layout.solution_file(kit.name).write_text(f"{SOLUTION}\n{IN_A_SOLUTION}\n")
    kit.add_second()
    chapter = kit.layout.chapter_file("ch1_mini")
    chapter.write_text(chapter.read_text() + "time_limit = 1\n")
    kit.sync()
    people = folder / "people"
    for leak in LEAKS:
        hand_in(people / leak.stem, "scale.py", leak.read_text() + SHARED)
        cells = [leak.read_text(), SHARED]
        hand_in(people / f"{leak.stem}_in_cells", "scale.ipynb", notebook(cells))
    hand_in(people / "below", "scale.py", (LEAKS[0].parent / "prints.py").read_text() + SHARED)
    hand_in(people / "below", "twice.py", READS_ITS_PARTS)
    for kind, action in KINDS.items():
        text = SOLUTION.replace(
            "    return 2 * x", f"    if float(x.flatten()[0]) > 1e9:\n        {action}\n    return 2 * x"
        )
        hand_in(people / f"hidden_{kind}", "scale.py", text)
    hand_in(people / "neighbour", "scale.py", f"{SOLUTION}\n# 77aa-of-the-neighbour-alone\n")
    out = folder / "out"
    done = grader(kit.layout.root, "score", str(people), "--out", str(out), "--seed", "3", "--pattern", "plain")
    again = grader(kit.layout.root, "regrade", str(people), "--out", str(out), "--preview", "--pattern", "plain")
    assert done.returncode == again.returncode == 0, done.stderr + again.stderr
    said = "\n".join([done.stdout, done.stderr, again.stdout, again.stderr])
    files = {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    yield {"said": said.encode(), **files}


def hand_in(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def notebook(cells: list[str]) -> str:
    made: list[dict[str, object]] = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": c} for c in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def traces(outputs: dict[str, bytes], words: tuple[str, ...]) -> list[str]:
    return [f"{word} in {name}" for name, data in outputs.items() for word in words if word.encode() in data]


@pytest.mark.timeout(600)
def test_nothing_hidden_comes_out(scored: dict[str, bytes]) -> None:
    """Nothing of hidden tests, solutions and neighbours. A student's own words may be told back to that student."""
    assert traces(scored, TRACES) == []
    assert traces(scored, (IN_A_SOLUTION, "of-the-neighbour-alone")) == []
    rows = scored["grades.csv"].decode().splitlines()
    for leak in LEAKS:  # else the search would prove nothing
        assert sum(f'"{leak.stem}{more}",' in row for row in rows for more in ("", "_in_cells")) == 2, leak
    assert scored["feedback/prints.html"].decode().count("hidden") >= 4
    page = re.sub(r"<[^>]+>", "", scored["feedback/raises.html"].decode())
    assert "ValueError" in page or "E0" in page, "public findings are told as ever"


def test_the_kind_of_a_hidden_failure_is_not_told(scored: dict[str, bytes]) -> None:
    """By five kinds code could tell five things. The page says that it failed."""
    told = {}
    for kind in KINDS:
        page = scored[f"feedback/hidden_{kind}.html"].decode()
        told[kind] = set(re.findall(r'class="(passed|failed|timeout|todo|blocked|error)"', page))
    assert told == {kind: {"passed", "failed"} for kind in KINDS}


def test_there_are_many_ways() -> None:
    assert len(LEAKS) >= 16
    assert all(leak.read_text().startswith('"""') for leak in LEAKS)
