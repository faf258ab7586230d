"""Stand-ins: what later exercises rest on where a learner has skipped a part.

In the course itself that is the solution. A learner's kit has a file for each part that another one needs: the
solution's syntax tree without what only a reader needs, packed and scrambled. It keeps a look from telling the answer;
it is no encryption, for whatever runs it can read it.
"""

from __future__ import annotations

import ast
import hashlib
import marshal
import zlib
from types import CodeType

from grader.course.curriculum import Curriculum, Exercise
from grader.course.layout import Layout
from grader.course.stubs import handed_out_stub
from grader.course.tree_data import unpack_tree
from grader.errors import GraderError

SCRAMBLED_AS = b"stand-in 1 of "


def stands_in(layout: Layout, exercise: Exercise) -> bool:
    """Whether there is something that can stand in for the exercise."""
    if exercise.manually_graded:
        return False
    return layout.solution_file(exercise.name).exists() or layout.stand_in_file(exercise.name).exists()


def is_needed(curriculum: Curriculum, exercise: Exercise) -> bool:
    """Whether any other exercise rests on it."""
    return any(exercise.name in other.prerequisites for other in curriculum.exercises)


def stand_in_text(layout: Layout, exercise: Exercise) -> str:
    """What a file holds that stands in for the exercise on this version of Python: compiled code, and its names.

    Nothing of the code counts as the learner's own: it has no file that a message could name, and no lines to show.
    """
    code = marshal.dumps(_compiled(layout, exercise))
    names = sorted(_names(handed_out_stub(layout, exercise)))
    lines = [
        f"# The course's own part stands in here: {exercise.name} was skipped.",
        "from marshal import loads as _loads",
        f"_code = _loads({code!r})",
        "exec(_code, globals())",
        "del _code, _loads",
        *(f"{name} = {name}" for name in names),  # for whoever reads which names there are, and runs nothing
    ]
    return "\n".join(lines) + "\n"


def scrambled(name: str, data: bytes) -> bytes:
    """The bytes made unreadable, or readable again."""
    key = hashlib.shake_256(SCRAMBLED_AS + name.encode()).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, key, strict=True))


def stand_in_tree(name: str, data: bytes) -> ast.Module:
    """The syntax tree in a kit's stand-in."""
    try:
        return unpack_tree(zlib.decompress(scrambled(name, data)))
    except zlib.error:
        raise GraderError(f"the stand-in of {name} is damaged", "get the kit's `tests` folder anew") from None


def _compiled(layout: Layout, exercise: Exercise) -> CodeType:
    solution = layout.solution_file(exercise.name)
    if solution.exists():
        tree = ast.parse(solution.read_text(encoding="utf-8"))
    else:
        tree = stand_in_tree(exercise.name, layout.stand_in_file(exercise.name).read_bytes())
    code: CodeType = compile(tree, f"<stand-in for {exercise.name}>", "exec", dont_inherit=True)
    return code


def _names(stub: str) -> set[str]:
    """What the stub's top defines."""
    found: set[str] = set()
    for node in ast.parse(stub).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
