"""Names of students as tables, pages and disks take them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unseen import is_unseen

from grader.score.intake.names import MAX_FILE_BYTES, as_a_file, file_name, shown_name, shown_path

ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=150)


@pytest.mark.parametrize(
    ("name", "label", "file"),
    [
        ("Ada Lovelace", "Ada Lovelace", "Ada Lovelace"),
        ("  ada\u00a0\u3000l ", "ada l", "ada l"),
        ("ada\nl", r"ada\nl", "ada_nl"),
        ("a/b\\c:d?", "a_b\\c:d?", "a_b_c_d_"),
        ("<b>&", "_b__", "_b__"),
        ("Ada Jr. ", "Ada Jr.", "Ada Jr"),
        ("..", "..", "unnamed"),
        ("", "unnamed", "unnamed"),
        ("\u200b", r"\u200b", "_u200b"),
        ("con", "con", "_con"),
        ("Lpt1 .txt", "Lpt1 .txt", "_Lpt1 .txt"),
        ("console", "console", "console"),
        ("👩‍💻", "👩‍💻", "👩‍💻"),
        ("x" * 101, "x" * 100, "x" * 100),
    ],
)
def test_a_name(name: str, label: str, file: str) -> None:
    assert (shown_name(name), file_name(shown_name(name))) == (label, file)


def test_a_name_of_many_bytes_is_cut_and_told_apart() -> None:
    names = [file_name("😀" * count) for count in (62, 63)]
    assert len(set(names)) == 2
    assert all(name.startswith("😀" * 27 + "~") for name in names)
    assert all(len(name.encode()) <= MAX_FILE_BYTES for name in names)


@given(ANY_NAME)
def test_any_name_fits_any_disk(name: str) -> None:
    label = shown_name(name)
    file = file_name(label)
    assert 0 < len(file.encode()) <= MAX_FILE_BYTES
    assert file == file.strip(". ") and not set(file) & set('<>:"/\\|?*')
    assert not any(is_unseen(c) and c not in "\u200c\u200d\ufe0e\ufe0f" for c in label + file)
    assert file_name(file) == file
    assert as_a_file(file) == as_a_file(label)
    assert shown_name(label) == label


@pytest.mark.parametrize(
    ("one", "other"),
    [("é", "e\u0301"), ("ADA", "ada"), ("ada.", "ada"), ("'=q", "=q"), ("adａ", "ada"), ("con", "_con"), ("❤️", "❤")],
)
def test_what_is_the_same_to_some_disk_or_reader(one: str, other: str) -> None:
    assert as_a_file(shown_name(one)) == as_a_file(shown_name(other))


def test_a_path_stays_a_line() -> None:
    assert shown_path("a\n/<b>\x1b.py") == r"a\n/_b_\x1b.py"
    assert len(shown_path("\x1b" * 10_000)) == 1000
