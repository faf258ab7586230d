"""Groups of a class's answers that are wrong in the same way, and the file in which a scoring run keeps them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.errors import UsageError
from grader.protocol.results import Failure
from grader.protocol.sketches import Sketch

FORMAT = "1"
GROUPS = "groups.json"  # in the folder of results


class Shown(msgspec.Struct, frozen=True):
    """One failure of a group, as a person looks at it: the test's name and sentence, and what was found."""

    test: str
    title: str
    failure: Failure


class Group(msgspec.Struct, frozen=True):
    """Students whose answers to one exercise fail the same tests in the same way, and no listed mistake explains it.

    `sketches` has what crossed in each of these tests; `is_public` says whether they are public, else all are hidden.
    `guess` is the change of the solution in one place that does the same in the most of these tests, where there is
    one, and `guessed` in how many. `student` is the member with the shortest file, of those with no listed mistake
    beside this one (`is_alone`) if there are any: `file` is that file, `failed` is every test that it does not pass.
    `rests_on` is a digest of the solution and the suite.
    """

    name: str
    exercise: str
    members: tuple[str, ...]
    sketches: dict[str, Sketch]
    is_public: bool
    guess: str
    guessed: int
    student: str
    file: bytes
    is_alone: bool
    failed: tuple[str, ...]
    shown: Shown
    rests_on: str
    seed: int


class Kept(msgspec.Struct, frozen=True):
    """What is written: the groups in the order of the page, and the format that they are written in.

    In a JSON document a file's bytes are in base64.
    """

    format: str
    groups: tuple[Group, ...]


def read_groups(path: Path) -> tuple[Group, ...]:
    """The groups of a scoring run. A file that is not there, or is another version's, is an error that says so."""
    again = "run `grader score` once more with the same --out"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", f"--from is the --out of a score; {again}"
        ) from None
    try:
        if msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format") != msgspec.Raw(f'"{FORMAT}"'.encode()):
            raise UsageError(f"{path} was written by another version of the grader", again)
        return msgspec.json.decode(data, type=Kept).groups
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no list of groups of this grader: {error}", again) from None
