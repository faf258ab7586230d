"""A mistakes file with one more entry: whatever its texts hold is read again, and all else stays as it was."""

from __future__ import annotations

import tomllib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unseen import ALL_UNSEEN, unseen_in

from grader.author.mistake_entry import TO_SAY, entry_text, toml_string, with_entry
from grader.course.mistakes import Edit, Replacement, mutated
from grader.errors import ContentError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("\"\\\n\r\t'#=a", max_size=40)
EDITS = st.lists(st.builds(Replacement, TEXTS, TEXTS), min_size=2, max_size=3).map(tuple)
BEFORE = '[[mistake]]\r\nname = "a"\nfind = "b"\nreplace = ""\nsays = "c"   # kept\n\n\n[[equivalent]]\nfind="d"'


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_string_is_read_as_it_was(text: str) -> None:
    assert tomllib.loads(f"x = {toml_string(text)}\n") == {"x": text}


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, TEXTS, EDITS, st.booleans())
def test_an_entry_is_read_as_it_was_and_the_rest_stays(
    says: str, find: str, replace: str, edits: tuple[Replacement, ...], are_several: bool
) -> None:
    edit = Edit("new", says, edits=edits) if are_several else Edit("new", says, find, replace)
    found = with_entry(BEFORE.encode(), edit)
    assert found.startswith(BEFORE.encode())
    tables = tomllib.loads(found.decode())
    assert [msgspec.convert(table, Edit) for table in tables["mistake"]] == [Edit("a", "c", "b", ""), edit]
    assert tables["equivalent"] == [{"find": "d"}]
    assert with_entry(b"", edit) == entry_text(edit).encode()


def test_several_lines_stay_lines() -> None:
    assert toml_string('a = "x"\n    b\n') == '"""\na = "x"\n    b\n"""'


def test_no_character_stands_there_unseen() -> None:
    unseen = ALL_UNSEEN.encode(errors="ignore").decode()
    text = entry_text(Edit("new", unseen, f"a\n{unseen}", "b"))
    assert unseen_in(text) == set()
    assert tomllib.loads(text)["mistake"][0]["says"] == unseen


def test_an_entry_that_says_nothing_tells_what_to_do() -> None:
    assert f'{TO_SAY}\nsays = ""\n' in entry_text(Edit("new", "", "a", "b"))
    assert TO_SAY not in entry_text(Edit("new", "It is so.", "a", "b"))


# -- what the loader makes of both forms --------------------------------------------------------------

SOURCE = "a = 1\nb = 2\nc = 3\n"


def changed(*edits: tuple[str, str]) -> str:
    return mutated("file.toml", "new", SOURCE, [Replacement(*edit) for edit in edits])


def test_several_edits_are_made_of_the_source_as_it_is() -> None:
    assert changed(("c = 3", "c = b"), ("a = 1", "a = 3")) == "a = 3\nb = 2\nc = b\n"
    assert changed(("a = 1", "c = 3"), ("c = 3", "a = 1")) == "c = 3\nb = 2\na = 1\n"


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ((("a = 1\nb", "b"), ("b = 2", "")), "new: find: edits of different places were expected, and two overlap"),
        ((("a = 1", "a = 2"), ("a = 1", "a = 2")), "two overlap"),
        ((("=", ""),), "it stands there 3 times"),
        ((("", "x"),), "it stands there 19 times"),
        ((("a = 1", "a = 1"),), "something other than `find` was expected"),
        ((("a = 1", "a = ("), ("b = 2", "b = 3")), "valid Python was expected"),
    ],
)
def test_edits_that_cannot_be_made_are_refused(edits: tuple[tuple[str, str], ...], says: str) -> None:
    with pytest.raises(ContentError) as caught:
        changed(*edits)
    assert says in caught.value.message


@pytest.mark.parametrize(
    "table",
    [
        {"find": "a"},
        {"replace": "a"},
        {},
        {"edits": []},
        {"find": "a", "replace": "b", "edits": [{"find": "a", "replace": "b"}]},
        {"edits": [{"find": "a"}]},
    ],
    ids=str,
)
def test_an_entry_has_one_of_the_two_forms(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a", "says": "b", **table}, Edit)
