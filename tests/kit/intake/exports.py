"""A class of 40 in each of six exports: a seeded mixture of what students do, with the row that is right for each."""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from intake.classes import receipt
from intake.files import ESSAY, HALF, HOUR, NOON, PDF, RIGHT, STUB, At, Content, Files, notebook, tarred, zipped
from intake.folders import KIT

CLASS = 40
GIVEN = ("Ada", "Alan", "Emmy", "José", "Mei-Ling", "Dara", "Søren", "Zoë", "Grace", "Kurt", "Sofia", "Omar", "Yuki")
FAMILY = ("Lovelace", "Turing", "Noether", "Núñez", "Li", "O'Brien", "Åberg", "Van Dyk", "Hopper", "Gödel", "Ito")
LATE_HOURS = 32.0  # after noon; what is due in the evening of that day is then two days late
KIT_USED = "exercises/ch1_mini/scale.py"
ARCHIVE: Files = {"scale.py": RIGHT, "__MACOSX/._scale.py": b"\0\5", "venv/lib/scale.py": HALF}


@dataclass(frozen=True)
class Work:
    """What a student uploads: the path that counts for `scale`, its points, and those that are told of.

    `also` counts for another exercise.
    """

    files: Files
    used: str
    points: float = 10.0
    told: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


AGAIN = "again"
KINDS: dict[str, Work] = {
    "file": Work({"scale.py": RIGHT}, "scale.py"),
    "notebook": Work({"scale.ipynb": notebook(RIGHT)}, "scale.ipynb"),
    "half": Work({"scale.py": HALF}, "scale.py", 5.0),
    "untouched": Work({"scale.py": STUB}, "scale.py", 0.0),
    "empty": Work({"scale.py": ""}, "scale.py", 0.0),
    "stub beside notebook": Work(
        {"scale.py": STUB, "scale.ipynb": notebook(RIGHT)}, "scale.ipynb", told=("scale.py",)
    ),
    "copy": Work({"Copy of scale.ipynb": notebook(RIGHT)}, "Copy of scale.ipynb"),
    "final": Work({"scale_final_v2.py": RIGHT}, "scale_final_v2.py"),
    "other name": Work({"hw1.py": RIGHT}, "hw1.py"),
    "other name beside the stub": Work({"scale.py": STUB, "My work.ipynb": notebook(RIGHT)}, "My work.ipynb",
                                       told=("scale.py",)),
    "zip": Work({"hw.zip": zipped(ARCHIVE)}, "scale.py"),
    "tar": Work({"hw.tar.gz": tarred(ARCHIVE)}, "scale.py"),
    "kit": Work({"kit.zip": zipped(KIT)}, KIT_USED, also=("exercises/ch1_mini/twice.py",)),
    "documents": Work({"scale.py": RIGHT, "essay.md": ESSAY, "report.pdf": PDF, "shot.png": b"\x89PNG"}, "scale.py",
                      told=("report.pdf", "shot.png"), also=("essay.md",)),
    "broken notebook": Work({"scale.py": RIGHT, "scale.ipynb": notebook(RIGHT)[:99]}, "scale.py",
                            told=("scale.ipynb",)),
    "only a pdf": Work({"homework.pdf": PDF}, "", 0.0, ("homework.pdf",)),
    "rar": Work({"hw.rar": b"Rar!\x1a\x07\1\0"}, "", 0.0, ("hw.rar",)),
    AGAIN: Work({"scale.py": HALF, "scale-1.py": RIGHT}, "scale-1.py", told=("scale.py",)),
}  # fmt: skip


@dataclass(frozen=True)
class Student:
    """Somebody in the class, and what they hand in."""

    number: int
    given: str
    family: str
    kind: str
    hours: float

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def id(self) -> str:
        return str(40_000 + 7 * self.number)

    @property
    def login(self) -> str:
        return f"s_{self.number:02}" if self.number % 5 == 0 else f"stud{self.number:02}"

    @property
    def work(self) -> Work:
        return KINDS[self.kind]

    def saved(self, content: Content) -> Content:
        assert isinstance(content, bytes | str)
        return At(self.hours, content)

    @property
    def moment(self) -> float:
        return NOON + HOUR * self.hours


@dataclass(frozen=True)
class Right:
    """The row that is right: id, points, the path that counts, those that are told of, and days late.

    `also` are the paths that count for other exercises.
    """

    id: str
    points: float
    used: str
    told: frozenset[str]
    days_late: int
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Export:
    """A class as a system exports it, with the rows that are right. `aside` are entries that are nobody's."""

    system: str
    entries: Files
    rows: dict[str, Right]
    aside: frozenset[str] = frozenset()


def students(seed: int) -> list[Student]:
    """Forty people; the last two have one name."""
    rng = random.Random(seed)
    names = rng.sample([(given, family) for given in GIVEN for family in FAMILY], CLASS - 2) + [("Wei", "Zhang")] * 2
    kinds = [*KINDS, *rng.choices(list(KINDS), k=CLASS - len(KINDS))]
    rng.shuffle(kinds)
    return [
        Student(number, given, family, kind, LATE_HOURS if rng.random() < 0.2 else 0.0)
        for number, ((given, family), kind) in enumerate(zip(names, kinds, strict=True))
    ]


def right(student: Student, id: str, prefix: str = "", used: str | None = None, told: tuple[str, ...] = ()) -> Right:
    """The row of a student's own work, where the export says nothing else of it."""
    work = student.work
    counted = prefix + (work.used if used is None else used) if work.used else ""
    left = frozenset(prefix + name for name in (told or work.told))
    also = frozenset(prefix + name for name in work.also)
    return Right(id, work.points, counted, left, 2 if student.hours else 0, also)


def label_of(name: str, id: str) -> str:
    return f"{name} ({id})" if name in ("Wei Zhang", "zhangwei") else name


JUNK: Files = {".DS_Store": b"\0", "__MACOSX/._x": b"\0", "Thumbs.db": b"\0", "roster.csv": "id,name\n"}
NOBODYS = frozenset({".DS_Store", "__MACOSX", "Thumbs.db", "roster.csv"})


def canvas(people: list[Student]) -> Export:
    entries: dict[str, Content] = dict(JUNK)
    rows = {}
    attachment = 900_000
    for student in people:
        squeezed = "".join(c for c in (student.family + student.given).casefold() if c.isalnum())
        late = "LATE_" if student.hours else ""
        for name, content in student.work.files.items():
            attachment += 1
            entries[f"{squeezed}_{late}{student.id}_{attachment}_{name}"] = student.saved(content)
        rows[label_of(squeezed, student.id)] = right(student, student.id)
    return Export("canvas", entries, rows, NOBODYS)


def moodle(people: list[Student]) -> Export:
    entries: dict[str, Content] = dict(JUNK)
    rows = {}
    for student in people:
        name = f"Group {'AB'[student.number % 2]}-{student.name}" if student.number < 8 else student.name
        for file, content in student.work.files.items():
            entries[f"{name}_{student.id}_assignsubmission_file_/{file}"] = student.saved(content)
        rows[label_of(name, student.id)] = in_a_folder(student, student.id)
    return Export("moodle", entries, rows, NOBODYS)


def in_a_folder(student: Student, id: str, prefix: str = "") -> Right:
    """The row of files in a folder, where what is in an archive has its name in front."""
    archives = [name for name in student.work.files if name.endswith((".zip", ".tar.gz"))]
    return right(student, id, prefix + (f"{archives[0]}/" if archives else ""))


def gradescope(people: list[Student]) -> Export:
    """The first two hand in as a group; who hands in again has two submissions."""
    entries: dict[str, Content] = dict(JUNK)
    rows, listed = {}, []
    number = 7000
    for student in people[1:]:
        members = people[:2] if student is people[1] else [student]
        uploads = [student.work.files]
        if student.kind == AGAIN:
            uploads = [{"scale.py": HALF}, {"scale.py": RIGHT}]
        for place, files in enumerate(uploads):
            number += 1
            created = datetime.datetime.fromtimestamp(student.moment - HOUR * (len(uploads) - place), datetime.UTC)
            listed.append(f"submission_{number}:\n  :submitters:\n" + "".join(_submitter(one) for one in members)
                          + f"  :created_at: {created:%Y-%m-%d %H:%M:%S}.000000000 Z\n")  # fmt: skip
            entries |= {f"submission_{number}/{name}": student.saved(content) for name, content in files.items()}
        for one in members:
            row = in_a_folder(student, one.id)
            if student.kind == AGAIN:
                before, now = f"submission_{number - 1}/scale.py", f"submission_{number}/scale.py"
                row = replace(row, used=now, told=frozenset({before}))
            rows[label_of(one.name, one.id)] = row
    entries["submission_metadata.yml"] = "---\n" + "".join(listed)
    return Export("gradescope", entries, rows, NOBODYS)


def _submitter(student: Student) -> str:
    return f"  - :name: \"{student.name}\"\n    :sid: '{student.id}'\n    :email: {student.login}@example.org\n"


def blackboard(people: list[Student]) -> Export:
    """A receipt lies beside each attempt. Two of one name have two user names."""
    entries: dict[str, Content] = dict(JUNK)
    rows = {}
    for student in people:
        uploads = [student.work.files]
        if student.kind == AGAIN:
            uploads = [{"scale.py": HALF}, {"scale.py": RIGHT}]
        for place, files in enumerate(uploads):
            moment = time.localtime(student.moment - HOUR * (len(uploads) - place))
            attempt = f"Home_work 1_{student.login}_attempt_{time.strftime('%Y-%m-%d-%H-%M-%S', moment)}"
            entries[f"{attempt}.txt"] = receipt(student.name, student.login)
            entries |= {f"{attempt}_{name}": student.saved(content) for name, content in files.items()}
        row = right(student, student.login)
        if student.kind == AGAIN:
            row = right(student, student.login, used="scale.py", told=("scale.py",))
        rows[label_of(student.name, student.login)] = row
    return Export("blackboard", entries, rows, NOBODYS)


def classroom(people: list[Student]) -> Export:
    """Nothing tells two of one name apart here, so nobody shares one."""
    entries: dict[str, Content] = dict(JUNK)
    rows = {}
    for student in people:
        one = replace(student, given=f"Wei {student.number}") if student.given == "Wei" else student
        entries |= {f"{one.name} - {name}": one.saved(content) for name, content in one.work.files.items()}
        rows[one.name] = right(one, "")
    return Export("classroom", entries, rows, NOBODYS)


def plain(people: list[Student]) -> Export:
    """Folders, folders in folders, archives of all, and single files with the student's name."""
    entries: dict[str, Content] = dict(JUNK)
    rows = {}
    for student in people:
        login, files = student.login, student.work.files
        form = student.number % 4
        if form == 1 and student.kind in ("file", "notebook", "half", "untouched"):
            (name, content), *_ = files.items()
            entries[f"{login}_{name}"] = student.saved(content)
            rows[login] = right(student, "")
        elif form == 2:
            entries[f"{login}.zip"] = At(student.hours, zipped({k: student.saved(v) for k, v in files.items()}))
            rows[login] = in_a_folder(student, "")
        else:
            within = "Homework 1/" if form == 3 else ""
            entries |= {f"{login}/{within}{name}": student.saved(content) for name, content in files.items()}
            rows[login] = in_a_folder(student, "", within)
    return Export("plain", entries, rows, NOBODYS)


EXPORTS: dict[str, Callable[[list[Student]], Export]] = {
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
    "blackboard": blackboard,
    "classroom": classroom,
    "plain": plain,
}
