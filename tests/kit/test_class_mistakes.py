"""The kit learns from a class: what nobody listed is grouped, put on the list, and named in the next run."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from miniature import Kit
from running import grader
from test_scoring import hand_in

from grader.course.mistakes import load_mutants, read_edits
from grader.protocol.groups import GROUPS, Group, read_groups
from grader.render.groups import groups_json

HALVE = "def halve(x):\n    return x / 2\n"
# Three ways to write one mistake that is no change of the solution in one place.
CLIPPED = (
    f"import torch\n\n\ndef double(x):\n    # Ada wrote this\n    return 2 * torch.relu(x)\n\n\n{HALVE}",
    f'def _kept(x):\n    """Ben\'s own idea."""\n    return x * (x > 0)\n\n\ndef double(x):\n    print("Ben")\n'
    f"    y = _kept(x)\n    return y + y\n\n\n{HALVE}",
    f"import torch.nn.functional as F\n\n\ndef double(x):\n    y = F.relu(x) * 4\n    return y / 2\n\n\n{HALVE}",
)
TRIPLED = f"def double(x):\n    return 3 * x\n\n\n{HALVE}"
SAYS = 'Negative elements become 0; "twice" is said of those as well, as in \\(-2\\).'


def score(kit: Kit, people: Path) -> str:
    done = grader(kit.layout.root, "score", str(people), "--out", "results", "--seed", "5", "--only", "scale")
    assert done.returncode == 0, done.stderr
    return done.stdout


def groups(kit: Kit) -> tuple[Group, ...]:
    return read_groups(kit.layout.root / "results" / GROUPS)


def dev_mistake(kit: Kit, *words: str) -> CompletedProcess[str]:
    return grader(kit.layout.root, "dev", "mistake", "--from", "results", *words)


def page(kit: Kit, name: str = "class") -> str:
    return (kit.layout.root / "results" / f"{name}.html").read_text()


@pytest.fixture
def scored(kit: Kit, people: Path) -> Kit:
    """A class in which three have made one mistake, and one another; a fifth made a listed one."""
    for student, text in zip(("ada", "ben", "cy", "dan"), (*CLIPPED, TRIPLED), strict=True):
        hand_in(people, student, scale=text)
    hand_in(people, "eve", scale=f"def double(x):\n    return x * x\n\n\n{HALVE}")
    said = score(kit, people)
    assert "new: 2 groups of answers have a mistake that is on no list, see results/class.html;" in said
    assert "`grader dev mistake --from results scale-1` names the largest" in said
    return kit


def test_a_mistake_of_a_class_is_listed_and_named_for_all_who_made_it(scored: Kit, people: Path) -> None:
    first, second = groups(scored)
    assert (first.name, first.members, first.guess) == ("scale-1", ("ada", "ben", "cy"), "")
    assert (second.name, second.members, second.guess != "") == ("scale-2", ("dan",), True)
    shown = page(scored)
    assert re.search(r"scale-1 <span class=\"dim\">3 students</span>", shown)
    assert re.search(r"scale-2 <span class=\"dim\">1 student</span>", shown)
    assert "<del>−     return 2 * x</del>\n<ins>+     return 3 * x</ins>" in shown
    for student, others in (("ada", ("ben", "cy")), ("dan", ("ada", "ben", "cy"))):
        own = page(scored, f"feedback/{student}")
        assert "return 3 * x" not in own
        assert "scale-1" not in own and not any(f"<bdi>{other}" in own or f">{other}<" in own for other in others)

    path = scored.layout.mistakes_file(scored.name)
    before = path.read_bytes()
    done = dev_mistake(scored, "scale-1", "--says", SAYS, "--name", "negative-clipped")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().startswith(before)
    *_, edit = read_edits(scored.layout, scored.name)
    assert (edit.name, edit.says) == ("negative-clipped", SAYS)
    added = path.read_bytes()[len(before) :].decode()
    assert not any(word in added for word in ("Ada", "Ben", "print", "#"))
    assert "fails  test_double, as scale-1 does" in done.stdout
    assert "read the lines above; a listed mistake runs beside the tests" in done.stdout

    said = score(scored, people)  # into the same folder: the verdicts that it holds do not hide the new name
    assert "new: 1 group of answers has a mistake that is on no list" in said
    assert [group.members for group in groups(scored)] == [("dan",)]
    assert '<tr><td class="number">3</td><td>ch1_mini/scale</td><td>Negative elements become 0' in page(scored)
    for student in ("ada", "ben", "cy"):
        assert "Negative elements become 0; &#34;twice&#34;" in page(scored, f"feedback/{student}")
    assert "Negative elements" not in page(scored, "feedback/dan") + page(scored, "feedback/eve")


def test_a_guess_is_listed_as_the_edit_that_it_is(scored: Kit) -> None:
    done = dev_mistake(scored, "scale-2", "--says", "Each element comes back three times as large.")
    assert done.returncode == 0, done.stderr
    *_, edit = read_edits(scored.layout, scored.name)
    assert (edit.name, edit.find, edit.replace) == ("from-class-1", "return 2 * x", "return 3 * x")
    assert "the solution changed in one place" in done.stdout
    again = dev_mistake(scored, "scale-1", "--says", "Negative elements become 0.")
    assert again.returncode == 0, again.stderr  # the results are those of before: the list alone has changed
    assert [mutant.mistake.name for mutant in load_mutants(scored.layout, scored.name)][-2:] == [
        "from-class-1",
        "from-class-2",
    ]


def test_without_a_sentence_the_file_is_refused_until_there_is_one(scored: Kit) -> None:
    done = dev_mistake(scored, "scale-2")
    assert done.returncode == 0, done.stderr
    path = scored.layout.mistakes_file(scored.name)
    assert "next: write its `says` in tests/graded/mistakes/ch1_mini/scale.toml" in done.stdout
    assert "# Say here, to the learner, what is wrong and why it matters." in path.read_text()
    refused = grader(scored.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert refused.returncode != 0
    assert "from-class-1: says: the sentence that tells the learner" in refused.stdout + refused.stderr
    path.write_text(path.read_text().replace('says = ""', 'says = "Three times is not twice."'))
    proved = grader(scored.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert "says" not in proved.stdout + proved.stderr
    assert "scale 3 3 3 0" in " ".join(proved.stdout.split())


def test_bad_words_are_named_and_nothing_is_written(scored: Kit) -> None:
    refused(scored, "there is no group 'scale-9' in results hint: there are: scale-1 (3), scale-2 (1)", "scale-9")
    refused(scored, "has a mistake squared already", "scale-1", "--name", "squared")
    for name in ("Not Good", "one-place-7", "-", "a--b"):
        refused(scored, f"{name!r} is no name of a mistake", "scale-1", "--name", name)


def refused(kit: Kit, says: str, *words: str) -> None:
    path = kit.layout.mistakes_file(kit.name)
    before = path.read_bytes()
    done = dev_mistake(kit, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert " ".join(says.split()) in " ".join(done.stderr.split())
    assert path.read_bytes() == before


def with_group(kit: Kit, **changes: object) -> None:
    """The first group of the results as it would stand there otherwise."""
    first, *rest = groups(kit)
    changed = msgspec.structs.replace(first, **changes)
    (kit.layout.root / "results" / GROUPS).write_text(groups_json([changed, *rest]))


def test_results_that_do_not_fit_are_refused(scored: Kit) -> None:
    path, data = scored.layout.root / "results" / GROUPS, groups_json(groups(scored))
    with_group(scored, exercise="ch9_more/other")
    refused(scored, "this course has no exercise ch9_more/other", "scale-1")
    path.write_text(data)
    with_group(scored, is_public=False)
    refused(scored, "scale-1 fails hidden tests alone", "scale-1")
    path.write_text(data)
    with_group(scored, file=b"")
    refused(scored, "the file of ada is not kept in the results", "scale-1")
    path.write_text(data.replace('"format": "1"', '"format": "0"'))
    refused(scored, "was written by another version of the grader", "scale-1")
    path.unlink()
    refused(scored, "groups.json cannot be read: No such file or directory", "scale-1")
    path.write_text(data)
    suite = scored.layout.suite_file(scored.name)
    suite.write_text(suite.read_text() + "\n# mended\n")
    refused(scored, "the solution or the suite of ch1_mini/scale is not the one that results was judged by", "scale-1")
    (scored.layout.root / "results").rename(scored.layout.root / "elsewhere")
    refused(scored, "there is no folder results", "scale-1")


def test_what_is_not_proved_is_not_written(scored: Kit) -> None:
    with_group(scored, file=TRIPLED.encode())
    refused(scored, "`double` of ada: it fails test_double in another way than they do", "scale-1")
    with_group(scored, file=f"def double(x):\n    return x + x\n\n\n{HALVE}".encode())
    refused(scored, "`double` of ada: it passes every public test", "scale-1")
    with_group(scored, file=f"def double(x):\n    return 2 * x * open('/etc/passwd')\n\n\n{HALVE}".encode())
    refused(scored, "their code uses `open`, and a listed mistake runs beside the tests", "scale-1")
    with_group(scored, file=b"def double(x:\n")
    refused(scored, "no edit of the solution was found that is wrong as scale-1 is:", "scale-1")
