"""What it costs to say what is wrong: fresh processes that judge a wrong attention answer, with and without diagnosis.

    .venv/bin/python benchmarks/diagnosis.py [rounds] [kit]

One answer holds a listed mistake, one two of them, one a mistake that no list has. `kit` is a released kit without
solutions in which the same files are judged as well.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from timing import Contender, command, compare

from grader.course.layout import Layout
from grader.course.mistakes import load_mutants

ROOT = Path(__file__).resolve().parents[1]
EXERCISE = "ch3_attention/scaled_dot_product"
JUDGE = str(ROOT / "benchmarks/judge_one.py")


def main(rounds: int, kit: Path | None, folder: Path) -> None:
    _compare("course with solutions", ROOT, rounds, folder)
    if kit is not None:
        solved = shutil.copytree(kit, folder / "kit")
        shutil.copytree(ROOT / "solutions", solved / "exercises", dirs_exist_ok=True)  # the earlier parts
        _compare("kit without solutions", solved, rounds, folder)


def _compare(where: str, kit: Path, rounds: int, folder: Path) -> None:
    print(where)
    for title, text in _answers().items():
        file = folder / "scaled_dot_product.py"
        file.write_text(text)
        hows = ("diagnosed", "plain")
        run = {how: command(sys.executable, JUDGE, how, EXERCISE, str(file), cwd=str(kit)) for how in hows}
        found = compare([Contender(how, run[how]) for how in hows], rounds)
        ratio = found["diagnosed"] / found["plain"]
        print(f"  {title:<28}{found['diagnosed']:7.2f} s with, {found['plain']:6.2f} s without: {ratio:.2f} times")


def _answers() -> dict[str, str]:
    layout = Layout(ROOT)
    right = layout.solution_file(EXERCISE).read_text()
    listed = {mutant.mistake.name: mutant.source for mutant in load_mutants(layout, EXERCISE)}
    other = ROOT / "tests/kit/wrong_answers" / EXERCISE
    return {
        "right": right,
        "a listed mistake": listed["no-scale"],
        "two listed mistakes": (other / "value_width_and_mask_reversed.py").read_text(),
        "a mistake that no list has": (other / "keys_reshaped_not_transposed.py").read_text(),
    }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as place:
        main(count, Path(sys.argv[2]) if len(sys.argv) > 2 else None, Path(place))
