"""Archives as they are handed in: packed once or twice, of other kinds, broken, and beside other files."""

from __future__ import annotations

from intake.files import HALF, RIGHT, STUB, TWICE, At, Files, below, merged, notebook, tarred, under_a_password, zipped
from intake.folders import ENVIRONMENTS, IN_KIT, KIT, NO_FILE, REPOSITORY, in_folder
from intake.hand_in import HandIn

WORK: Files = {"ch1_mini/scale.py": RIGHT, "ch1_mini/twice.py": TWICE}
USED = {"scale": "ch1_mini/scale.py", "twice": "ch1_mini/twice.py"}
BOTH = {"scale": 10.0, "twice": 5.0}
FORKS: Files = {"__MACOSX/._scale.py": b"\0\5\x16\7\0\2", "__MACOSX/ch1_mini/._scale.py": b"\0\5\x16\7", "._hw": b"\0"}
IN_PACKED_KIT = in_folder("kit-main", IN_KIT)


def packed(name: str, archive: bytes, *, used: str | dict[str, str] = "", points: float | dict[str, float] = 10.0,
           aside: dict[str, str] | None = None, notes: tuple[str, ...] = (), problem: str = "") -> HandIn:  # fmt: skip
    """An entry that is an archive. There is no such thing in the learner's tree."""
    return HandIn(name, archive, used or {}, points, aside or {}, notes, problem, checks=False)


def beside(name: str, files: Files, *, aside: dict[str, str]) -> HandIn:
    """Files beside a right `scale.py`."""
    return HandIn(name, merged({"scale.py": RIGHT}, files), "scale.py", aside=aside, checks=False)


def inside(name: str, files: Files, *, used: str | dict[str, str] = "", points: float | dict[str, float] = 10.0,
           aside: dict[str, str] | None = None, notes: tuple[str, ...] = (), problem: str = "") -> HandIn:  # fmt: skip
    """A folder that holds archives."""
    return HandIn(name, files, used or {}, points, aside or {}, notes, problem, checks=False)


HAND_INS = (
    packed("as-zip.zip", zipped(WORK), used=USED, points=BOTH),
    packed("as-capital-zip.ZIP", zipped(WORK), used=USED, points=BOTH),
    packed("as-tar.tar", tarred(WORK, ""), used=USED, points=BOTH),
    packed("as-tar-gz.tar.gz", tarred(WORK, "gz"), used=USED, points=BOTH),
    packed("as-tgz.tgz", tarred(WORK, "gz"), used=USED, points=BOTH),
    packed("as-tar-xz.tar.xz", tarred(WORK, "xz"), used=USED, points=BOTH),
    packed("as-tar-bz2.tar.bz2", tarred(WORK, "bz2"), used=USED, points=BOTH),
    packed("zip-is-a-tar-gz.zip", tarred(WORK, "gz"), used=USED, points=BOTH),
    packed("tar-gz-is-a-zip.tar.gz", zipped(WORK), used=USED, points=BOTH),
    packed("kit-in-zip.zip", zipped(below("kit-main", KIT)), used=IN_PACKED_KIT),
    packed("kit-in-tar-gz.tar.gz", tarred(below("kit-main", KIT), "gz"), used=IN_PACKED_KIT),
    packed("kit-in-tar-xz.tar.xz", tarred(KIT, "xz"), used=IN_KIT),
    packed("repository-in-zip.zip", zipped(merged(REPOSITORY, ENVIRONMENTS, FORKS)), used="src/ch1_mini/scale.py",
           aside={"src/ch1_mini/__init__.py": NO_FILE, "README.md": NO_FILE, "requirements.txt": "it is no"}),
    packed("only-forks.zip", zipped(FORKS), points=0.0, problem="nothing is in it"),
    packed("empty-zip.zip", zipped({}), points=0.0, problem="nothing is in it"),
    packed("not-a-zip.zip", b"<html>please log in</html>", points=0.0,
           aside={"not-a-zip.zip": "it is no archive"}, problem="it is no archive, whatever its name ends in"),
    packed("empty-file.zip", b"", points=0.0, aside={"empty-file.zip": "it is empty"}, problem="it is empty"),
    packed("cut-short.zip", zipped(WORK)[:150], points=0.0,
           aside={"cut-short.zip": "the archive cannot be read"}, problem="the archive cannot be read"),
    packed("cut-short-tar.tar.gz", tarred(WORK)[:100], points=0.0,
           aside={"cut-short-tar.tar.gz": "the archive cannot be read"}, problem="the archive cannot be read"),
    packed("rar.rar", b"Rar!\x1a\x07\x01\x00" + bytes(40), points=0.0,
           aside={"rar.rar": "it is a RAR archive, which is not read here: pack the files as .zip"},
           problem="it is a RAR archive"),
    packed("seven.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), points=0.0,
           aside={"seven.7z": "it is a 7z archive, which is not read here: pack the files as .zip"},
           problem="it is a 7z archive"),
    packed("rar-called-zip.zip", b"Rar!\x1a\x07\x01\x00" + bytes(40), points=0.0,
           aside={"rar-called-zip.zip": "it is a RAR archive"}, problem="it is a RAR archive"),
    packed("password.zip", under_a_password(zipped({"scale.py": RIGHT})), points=0.0,
           aside={"scale.py": "the archive asks for a password: pack the files without one"},
           problem="the archive asks for a password"),
    packed("windows.zip", zipped({"hw\\ch1_mini\\scale.py": RIGHT, "hw\\ch1_mini\\twice.py": TWICE}),
           used=in_folder("hw", USED), points=BOTH),
    packed("stub-and-notebook.zip", zipped({"ch1_mini/scale.py": At(9, STUB), "ch1_mini/scale.ipynb": notebook(RIGHT)}),
           used="ch1_mini/scale.ipynb", aside={"ch1_mini/scale.py": "it is the stub as it was handed out"}),
    packed("zip-in-zip.zip", zipped({"hw/inner.zip": zipped(WORK)}), used=in_folder("hw/inner.zip", USED),
           points=BOTH),
    packed("zip-in-tar.tar.gz", tarred({"inner.zip": zipped({"hw.tgz": tarred(WORK)})}),
           used=in_folder("inner.zip/hw.tgz", USED), points=BOTH),
    packed("too-deep.zip", zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped(WORK)})})}), points=0.0,
           aside={"a.zip/b.zip/c.zip": "it is an archive in 3 others: pack the files once"},
           problem="it is an archive in 3 others"),
    inside("zip-in-a-folder", {"hw.zip": zipped(WORK)}, used=in_folder("hw.zip", USED), points=BOTH),
    inside("zip-twice-uploaded", {"hw.zip": zipped({"scale.py": HALF}), "hw-1.zip": zipped({"scale.py": RIGHT})},
           used="hw-1.zip/scale.py", aside={"hw.zip/scale.py": "is newer and counts"}),
    inside("zip-twice-downloaded",
           {"hw (2).zip": zipped({"scale.py": RIGHT}), "hw (1).zip": zipped({"scale.py": HALF})},
           used="hw (2).zip/scale.py", aside={"hw (1).zip/scale.py": "is newer and counts"}),
    inside("zip-beside-its-unpacked-files", {"hw.zip": zipped({"scale.py": HALF}), "scale.py": At(2, RIGHT)},
           used="scale.py", aside={"hw.zip/scale.py": "is newer and counts"}),
    inside("fork-of-a-zip", {"hw.zip": zipped(WORK), "._hw.zip": b"\0\5\x16\7\0\2"}, used=in_folder("hw.zip", USED),
           points=BOTH),
    beside("broken-zip-beside-the-work", {"data.zip": b"PK\3\4 no"}, aside={"data.zip": "the archive cannot be read"}),
    beside("rar-beside-the-work", {"old.rar": b"Rar!\x1a\x07\x00"}, aside={"old.rar": "it is a RAR archive"}),
    beside("one-file-compressed", {"scale.py.gz": b"\x1f\x8b\x08\0"},
           aside={"scale.py.gz": "it is compressed, which is not read: hand in scale.py or scale.ipynb"}),
    beside("no-zip-beside-the-work", {"mine.zip": "<html>"}, aside={"mine.zip": "it is no archive"}),
    inside("large-checkpoint-in-a-zip", {"hw.zip": zipped({"scale.py": RIGHT, "model.pt": bytes(34_000_000)})},
           used="hw.zip/scale.py", aside={"hw.zip/model.pt": NO_FILE}),
    inside("leaves-its-folder", {"hw.zip": zipped({"../scale.py": HALF, "scale.py": RIGHT})}, used="hw.zip/scale.py",
           aside={"hw.zip/../scale.py": "its path points outside the archive"}),
)  # fmt: skip
