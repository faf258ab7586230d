"""Each chapter has a page that names its exercises, their minutes and what they rest on, with one drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from running import PACKAGE, grader

from grader.course.curriculum import Chapter, load_curriculum
from grader.course.layout import Layout

LAYOUT = Layout(PACKAGE)
CHAPTERS = load_curriculum(LAYOUT).chapters
PAGES = sorted(LAYOUT.course_pages.glob("*.md"))
DRAWINGS = sorted(LAYOUT.course_pages.glob("*.svg"))
ROW = re.compile(r"^\| \[`(\w+)`\]\((\S+)\) \| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
SCREEN = 45  # lines of a page
LEAST_CONTRAST = 4.5
SVG = "{http://www.w3.org/2000/svg}"


def in_words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if rest else f"{hours} h"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_page_lists_its_chapter_as_it_is(chapter: Chapter) -> None:
    text = LAYOUT.chapter_page(chapter.name).read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert text.startswith(f"# Chapter {chapter.name[2]}. {chapter.title}\n")
    assert [(name, int(minutes)) for name, _, minutes, _, _ in rows] == [
        (exercise.short, exercise.minutes) for exercise in chapter.exercises
    ]
    for (_, link, _, gives, after), exercise in zip(rows, chapter.exercises, strict=True):
        assert link == f"../../exercises/{exercise.name}{exercise.suffix}"
        before = [name.removeprefix(f"{chapter.name}/") for name in exercise.prerequisites]
        assert re.findall(r"`([^`]+)`", after) == before
        assert len(gives) > 10
    assert f"**About {in_words(sum(exercise.minutes for exercise in chapter.exercises))}**" in text
    for part in ("**After it you can**", "**How the parts meet.**", "**Sources.**"):
        assert text.count(part) == 1
    assert re.findall(r"!\[Drawing: [^\]]+\]\((.+)\)", text) == [f"{chapter.name}.svg"]
    assert len(text.splitlines()) <= SCREEN


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_how_the_parts_meet_names_every_exercise_with_code(chapter: Chapter) -> None:
    text = LAYOUT.chapter_page(chapter.name).read_text(encoding="utf-8")
    meeting = text[text.index("**How the parts meet.**") : text.index("**About ")]
    drawing = (LAYOUT.course_pages / f"{chapter.name}.svg").read_text(encoding="utf-8")
    for exercise in chapter.exercises:
        if exercise.short != "concepts" and not exercise.manually_graded:
            assert f"`{exercise.short}`" in meeting
            assert f">{exercise.short}<" in drawing


def test_the_map_leads_to_every_chapter_with_its_time() -> None:
    text = (LAYOUT.course_pages / "README.md").read_text(encoding="utf-8")
    assert "text → ids → vectors → attention → block → model → training → inference" in text
    for chapter in CHAPTERS:
        title, what = chapter.title.split(": ")
        time = in_words(sum(exercise.minutes for exercise in chapter.exercises))
        assert f"| {chapter.name[2]} | [{title}]({chapter.name}.md) | {what} | {time} |" in text
    total = sum(exercise.minutes for chapter in CHAPTERS for exercise in chapter.exercises)
    assert f"about {round(total / 60)} hours" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_nothing_but_pages_and_their_drawings_is_there() -> None:
    assert {page.stem for page in PAGES} == {"README", *(chapter.name for chapter in CHAPTERS)}
    assert {path.stem for path in DRAWINGS} == {"map", *(chapter.name for chapter in CHAPTERS)}


def test_every_exercise_says_how_many_minutes_it_takes() -> None:
    """By itself: the usual twenty would be a guess."""
    for chapter in CHAPTERS:
        text = LAYOUT.chapter_file(chapter.name).read_text(encoding="utf-8")
        assert len(re.findall(r"^minutes = \d+$", text, re.MULTILINE)) == len(chapter.exercises)
    assert all(15 <= exercise.minutes <= 90 for chapter in CHAPTERS for exercise in chapter.exercises)


def test_show_says_where_the_chapters_page_is() -> None:
    text = grader(PACKAGE, "show", "softmax").stdout
    assert text.endswith("the chapter's page: docs/course/ch3_attention.md\n")


# -- drawings -------------------------------------------------------------------------------------------------


def colours(style: str) -> dict[str, dict[str, str]]:
    """For each selector its colours."""
    rules = re.findall(r"([.\w]+) \{ ([^{}]*) \}", style)
    return {name: dict(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", body)) for name, body in rules}


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.stem)
def test_a_drawing_can_be_read_on_a_telephone_and_by_those_who_do_not_see_it(drawing: Path) -> None:
    root = ET.fromstring(drawing.read_text(encoding="utf-8"))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width == 380  # as wide as a telephone, so that its letters keep their size there
    style = root.findtext(f"{SVG}style") or ""
    assert min(map(int, re.findall(r"(\d+)px", style))) >= 13
    for name in ("title", "desc"):
        assert len(root.findtext(f"{SVG}{name}") or "") > 10
    for box in root.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + wide <= width and y + high <= height


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.stem)
def test_a_drawing_has_contrast_by_day_and_by_night(drawing: Path) -> None:
    style = ET.fromstring(drawing.read_text(encoding="utf-8")).findtext(f"{SVG}style") or ""
    day, _, night = style.partition("@media (prefers-color-scheme: dark)")
    for rules in (colours(day), colours(night)):
        for letters in ("text", ".small"):
            for ground in (".card", ".data", ".part", ".mark"):
                assert contrast(rules[letters]["fill"], rules[ground]["fill"]) >= LEAST_CONTRAST, (letters, ground)
        for line in (".part", ".line", ".road", ".data"):
            assert contrast(rules[line]["stroke"], rules[".card"]["fill"]) >= 3.0, line
