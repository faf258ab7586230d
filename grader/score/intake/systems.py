"""How systems name what they export: from an entry's name to whose it is, which file, and which upload.

A person is known by the system's own id where the name has one. The name is for display.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType

from grader.errors import UsageError

ARCHIVE_OR_WORK = r"\.(?:zip|tar|tgz|tar\.gz|tar\.bz2|tar\.xz|rar|7z|py|ipynb|md)"
ANY_DOCUMENT = ARCHIVE_OR_WORK.removesuffix(")") + "|pdf|docx?|odt|rtf|pages|html?|txt|png|jpe?g|heic)"
LIKELY_ID_DIGITS = 3
PLAIN = "plain"
CANVAS_LATE = "Canvas marked it LATE"
BLIND = "Participant"  # as Moodle names everybody where marking is blind


@dataclass(frozen=True)
class Owner:
    """Whose an entry is, as its name says it. `file` is the name that the student gave it, where the entry is a file.

    `attempt` is the upload's place in the system's own order, `submitted` its time where the name has it. `unread` says
    why what is in it is nobody's code.
    """

    name: str
    id: str = ""
    file: str = ""
    attempt: tuple[float, ...] = ()
    submitted: float = 0.0
    notes: tuple[str, ...] = ()
    unread: str = ""
    is_receipt: bool = False


Reader = Callable[[str], Owner | str | None]  # an owner, or why the name says none; None where it is another's form

# zhangwei_12345_678901_softmax-2.py; zhangwei_LATE_12345_…; anon_a1B2c_678901_…; LATE_anon_…; …_text.html, …_link.html
CANVAS_FILE = r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))"
CANVAS = re.compile(r"_(?P<late>LATE_)?(?P<id>\d+)" + CANVAS_FILE, re.DOTALL)  # behind the person's or the group's name
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<id>anon_[A-Za-z0-9]+)" + CANVAS_FILE, re.DOTALL)
# Ada Lovelace_12345_assignsubmission_file_/softmax.py or …_file_softmax.py; Participant_305_…; …_onlinetext_…
MOODLE = re.compile(r"_(?P<id>\d+)_assignsubmission_(?P<part>[a-z]+)_?(?P<file>.*)", re.DOTALL)  # behind the name
MOODLE_CUT = re.compile(r"_(?=\d+_assignsubmission_[a-z])")
MOST_CUTS = 8
OF_SEVERAL = "its name has the mark of Moodle more than once, and could be that of several people"
TYPED_PART = "onlinetext"
# submission_4567/…, the people in submission_metadata.yml
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
# Homework 1_alovelace_attempt_2027-02-27-23-01-11_softmax.py, and its receipt without the file's name
BLACKBOARD = re.compile(r"(?P<before>.+?_.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL)
RECEIPT = "receipt.txt"  # how it is called, for its own name is the student's
TYPED = "it was typed into {}, which is not read: hand in the .py or .ipynb file"
LINKED = "it is a link to a page, which is not followed: hand in the file itself"
# Ada Lovelace - softmax.ipynb, as Classroom names each student's copy of a file
CLASSROOM = re.compile(rf"(?:Copy of )?(?P<name>.+?) - (?P<file>.+{ANY_DOCUMENT}(?:\(\d+\)| \(\d+\))?)", re.DOTALL)
PLAIN_NAME = re.compile(rf"(?P<name>.+?)(?P<suffix>{ARCHIVE_OR_WORK})?", re.DOTALL | re.IGNORECASE)


def _canvas(names: Iterable[str]) -> Reader:
    """Canvas' reader for these names.

    Canvas takes numbers between underscores out of a person's or a group's name, not out of a file's: the first cut is
    the right one, whatever a student calls a file. But a group may be called `team_7`: its number stands before the id.
    So an id that others have under another name is none, and of two ways the first counts whose numbers are as long as
    those of the class, or nearly.
    """
    sure = [cuts[0] for name in names if len(cuts := _canvas_cuts(name)) == 1]
    is_anothers = _others(sure)
    usual_id = _usual_length((cut["id"] for cut in sure), LIKELY_ID_DIGITS)
    usual_attachment = _usual_length((cut["attachment"] for cut in sure if cut["attachment"]), LIKELY_ID_DIGITS)

    def oddness(cut: re.Match[str]) -> tuple[bool, int]:
        longer = len(cut["id"]) - usual_id, len(cut["attachment"] or "") - usual_attachment
        return is_anothers(cut), sum(map(abs, longer)) if min(longer) < 0 else 0

    def read(name: str) -> Owner | None:
        anonymous = CANVAS_ANONYMOUS.fullmatch(name)
        if anonymous is not None:
            return _canvas_owner(anonymous, anonymous["id"])
        cuts = _canvas_cuts(name)
        if not cuts:
            return None
        cut = min(cuts, key=oddness)
        return _canvas_owner(cut, _before(cut))

    return read


def _usual_length(numbers: Iterable[str], otherwise: int) -> int:
    lengths = Counter(map(len, numbers))
    return lengths.most_common(1)[0][0] if lengths else otherwise


def _canvas_cuts(name: str) -> list[re.Match[str]]:
    """The first way to cut a name into a person, two numbers and a file, and the one a number later, if there is."""
    places = (match.start() for match in re.finditer("_", name) if match.start())
    first = next((cut for place in places if (cut := CANVAS.fullmatch(name, place)) is not None), None)
    if first is None or first["late"] or first["attachment"] is None:  # before LATE stands nothing but the name
        return [] if first is None else [first]
    later = CANVAS.fullmatch(name, first.end("id"))
    return [first] if later is None else [first, later]


def _canvas_owner(found: re.Match[str], name: str) -> Owner:
    file = found["file"] or found["typed"]
    number = re.fullmatch(r".*-(\d{1,6})\.\w+", file, re.DOTALL)
    attempt = (float(number[1]) if number else 0.0, float(found["attachment"] or 0))
    unread = {None: "", "text.html": TYPED.format("Canvas"), "link.html": LINKED}[found["typed"]]
    return Owner(name, found["id"], file, attempt, notes=(CANVAS_LATE,) if found["late"] else (), unread=unread)


def _moodle(names: Iterable[str]) -> Reader:
    """Moodle's reader for these names.

    A person's name and a file's may hold Moodle's own mark. So an id that others have under another name is none, and a
    folder's own mark is its last one. Where more than one way is left, the entry is nobody's.
    """
    is_anothers = _others(cuts[0] for name in names if len(cuts := _moodle_cuts(name)) == 1)

    def read(name: str) -> Owner | str | None:
        cuts = _moodle_cuts(name)
        fitting = [cut for cut in cuts if not is_anothers(cut)]
        if fitting and not cuts[-1]["file"] and fitting[-1] is cuts[-1]:
            return _moodle_owner(cuts[-1])
        if len(fitting) == 1:
            return _moodle_owner(fitting[0])
        return OF_SEVERAL if cuts else None

    return read


def _moodle_cuts(name: str) -> list[re.Match[str]]:
    """The ways to cut a name into a person, an id and a file."""
    places = itertools.islice((found.start() for found in MOODLE_CUT.finditer(name) if found.start()), MOST_CUTS)
    return [cut for place in places if (cut := MOODLE.fullmatch(name, place)) is not None]


def _others(sure: Iterable[re.Match[str]]) -> Callable[[re.Match[str]], bool]:
    """Tells of a cut whether its id is that of somebody with another name, as those say that can be cut in one way."""
    known = {cut["id"]: _before(cut) for cut in sure}
    return lambda cut: known.get(cut["id"], _before(cut)) != _before(cut)


def _before(cut: re.Match[str]) -> str:
    return cut.string[: cut.start()]


def _moodle_owner(found: re.Match[str]) -> Owner:
    name = f"{BLIND} {found['id']}" if _before(found) == BLIND else _before(found)
    return Owner(name, found["id"], found["file"], unread=TYPED.format("Moodle") if found["part"] == TYPED_PART else "")


def _gradescope(name: str) -> Owner | None:
    found = GRADESCOPE.fullmatch(name)
    return None if found is None else Owner(name, found["id"])


def _blackboard(names: Iterable[str]) -> Reader:
    """Blackboard's reader for these names. A user name may hold underscores, as may the title that all share."""
    before = {found["before"] for name in names if (found := BLACKBOARD.fullmatch(name)) is not None}
    shared = _shared_words(before)

    def read(name: str) -> Owner | None:
        found = BLACKBOARD.fullmatch(name)
        moment = _moment(found["time"]) if found is not None else None
        if found is None or moment is None:
            return None
        user = "_".join(found["before"].split("_")[shared:])
        return Owner(user, user, found["file"] or RECEIPT, (moment,), moment, is_receipt=not found["file"])

    return read


def _moment(text: str) -> float | None:
    """The time in a name of Blackboard's; None where it is on no calendar: a file's name can have any digits."""
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _shared_words(before: set[str]) -> int:
    """How many of the words between underscores are the assignment's: those that all share, or all but the last."""
    words = [name.split("_") for name in before]
    if len(words) < 2:
        return len(words[0]) - 1 if words else 0
    same = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))
    return min(sum(1 for _ in same), *(len(name) - 1 for name in words))


def _classroom(name: str) -> Owner | None:
    found = CLASSROOM.fullmatch(name)
    return None if found is None else Owner(found["name"], "", found["file"])


def _plain(name: str) -> Owner | None:
    found = PLAIN_NAME.fullmatch(name)
    return None if found is None else Owner(found["name"], "", name if found["suffix"] else "")


# By system, what makes a reader for the names at hand.
SYSTEMS: MappingProxyType[str, Callable[[Iterable[str]], Reader]] = MappingProxyType(
    {
        "canvas": _canvas,
        "moodle": _moodle,
        "gradescope": lambda names: _gradescope,
        "blackboard": _blackboard,
        "classroom": lambda names: _classroom,
        PLAIN: lambda names: _plain,
    }
)


def guess(names: Iterable[str]) -> str:
    """The system that named most of these: at least half of them, or nobody did."""
    names = list(names)
    fits = partial_fits(names)
    best = max(fits, key=lambda system: fits[system], default=PLAIN)
    return best if best in fits and 2 * fits[best] >= len(names) else PLAIN


def partial_fits(names: Iterable[str]) -> dict[str, int]:
    """How many of the names each system would read, where it is some of them."""
    names = list(names)
    readers = {system: make(names) for system, make in SYSTEMS.items() if system != PLAIN}
    fits = {system: sum(read(name) is not None for name in names) for system, read in readers.items()}
    fits["canvas"] -= sum(bool(_moodle_cuts(name)) and readers["canvas"](name) is not None for name in names)
    return {system: count for system, count in fits.items() if count}


def reader_of(pattern: str, names: Iterable[str]) -> Reader:
    """What reads names: a system's reader, or a person's own expression with the group `student`."""
    if pattern in SYSTEMS:
        return SYSTEMS[pattern](list(names))
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--pattern is no regular expression: {error}") from None
    if "student" not in rule.groupindex:
        raise UsageError("--pattern has no group (?P<student>…)", f"or name one of: {', '.join(SYSTEMS)}")

    def read(name: str) -> Owner | None:
        found = rule.fullmatch(name)
        if found is None or not found["student"]:
            return None
        groups = found.groupdict()
        return Owner(found["student"], groups.get("id") or "", groups.get("file") or "")

    return read
