"""`grader report`: what the page of a course says, whose words it lets in, how it is read, that it loads nothing."""

from __future__ import annotations

import functools
import html
import itertools
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from miniature import Kit
from running import PACKAGE, grader
from unseen import ALL_UNSEEN, is_unseen

from grader.course.curriculum import Exercise, load_curriculum
from grader.course.layout import Layout
from grader.course.mutants import Mistake
from grader.errors import UsageError
from grader.learner import drawings
from grader.learner.attempts import Attempt, digest_of
from grader.learner.course_report import CourseReport, course_report
from grader.learner.drawings import Drawing, NotDrawn, drawings_of
from grader.learner.over_time import MOST_SPANS, Unit, over_time, time_between
from grader.learner.pictures import making
from grader.learner.pictures.catalogue import Picture, pictures_for
from grader.learner.prediction_store import Prediction, keep
from grader.learner.progress import ProgressStore
from grader.learner.writing import Moment, Writing, keep_writing
from grader.protocol.results import Verdict
from grader.render.figures.drawings import drawings as drawings_drawn
from grader.render.pages.attempts_chart import attempts_chart
from grader.render.pages.course_page import course_page
from grader.render.pages.svg_image import svg_address

NOON = datetime(2026, 3, 2, 12).astimezone()  # a Monday, by the clock on the wall
SQUARED = Mistake("squared", "The elements are squared; each is to be `doubled`.")
HALVED = Mistake("halved", "The elements are <b>halved</b>.")
WRONG, NEARER, RIGHT = "def double(x):\n    return x ** 2\n", "def double(x):\n    return x\n", "y = '<i>'\n"
HOSTILE = "</pre><script>alert(1)</script>\x1b[31m\u202ehidden"
PICTURE = Drawing(
    "same", "ch1_mini/scale", "Same & <alike>.",
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" aria-label="a">'
    '<path d="M 1.2345 7.98765" style="fill: #f00"/></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3" aria-label="b"></svg>',
)  # fmt: skip
TRAINED = Writing(
    "language.txt", 1600, (Moment(100, 1.91234, "\nthe cow"), Moment(1600, 0.598, HOSTILE), Moment(1700, 0.5, "\n\n")),
    0.585, 0.5022, 0.5499, 64, "2026-03-05T12:00:00+01:00",
)  # fmt: skip


def attempt(
    text: str,
    minutes: float,
    mistakes: tuple[Mistake, ...] = (),
    exercise: str = "ch1_mini/scale",
    passed: bool = False,
) -> tuple[Attempt, bytes]:
    verdict, tests = (Verdict.PASSED, 2) if passed else (Verdict.FAILED, 1)
    at = (NOON + timedelta(minutes=minutes)).astimezone(UTC)
    data = text.encode()
    found = Attempt(
        exercise, at, 0.2, verdict, tests, 2, 5.0 * tests, 10, mistakes, 3, HOSTILE, digest_of(data), "me.py"
    )
    return found, data


@pytest.fixture
def store(course: Kit) -> ProgressStore:
    """A learner who passed `scale` at the fourth attempt, on the next day, and is at `twice`."""
    store = ProgressStore(course.layout, course.curriculum)
    for item, text in (
        attempt(WRONG, 0, (SQUARED,)),
        attempt(WRONG + "#\n", 20, (SQUARED, HALVED)),
        attempt(NEARER, 25, (HALVED,)),
        attempt(RIGHT, 24 * 60, passed=True),
        attempt("twice = 1\n", 24 * 60 + 29, (SQUARED,), "ch1_mini/twice"),
    ):
        store.record(item, text)
    store.remember(course.curriculum.graded[0], 10, 2, 1, "none")
    store.next_hint(course.curriculum.graded[0])
    store.save()
    keep_writing(course.layout, TRAINED)
    for ask, right in (("a", True), ("b", False), ("c", True)):
        keep(course.layout, "ch1_mini/scale", Prediction(ask, "1", "1", right))
    return store


@pytest.fixture
def report(store: ProgressStore) -> CourseReport:
    pictures = (PICTURE, NotDrawn("ch1_mini/twice", f"line 3: {HOSTILE}"))
    return course_report(store, pictures, NOON + timedelta(days=3))


@pytest.fixture
def page(report: CourseReport) -> str:
    return course_page(report)


class Reader(HTMLParser):
    """The elements of a page in their order, and whether each that was opened is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


# -- what it says -------------------------------------------------------------------------------------


def test_the_head_says_what_is_done_and_which_time_is_known(page: str) -> None:
    text = Reader(page).text
    assert "1 of 2 exercises passed, 10 of 15 points." in text
    assert "Next: Four times ch1_mini/twice . grader watch twice begins it." in text
    assert "5 attempts on 2 days, from 2 March 2026 to 3 March 2026." in text
    assert "the time between them is counted: 54 min in all." in text  # 20 + 5 + 29; the night is not in it


def test_every_exercise_has_a_row_with_what_became_of_it(page: str) -> None:
    text = Reader(page).text
    assert "A miniature 10 of 15 points" in text
    assert "Double and halve passed at attempt 4, 1 day after the first; 1 hint shown 10 of 10" in text
    assert "Four times 1 attempt so far 0 of 5" in text
    assert "An essay marked by a person –" in text
    assert "It is not time at work" in text


def test_a_mistake_is_shown_with_when_it_was_met_and_the_change_that_mended_it(page: str) -> None:
    text = Reader(page).text
    mended, still_open = (
        text.index("Mistakes you met and mended Double"),
        text.index("Mistakes you met and have not mended yet Four"),
    )
    assert mended < still_open
    part = text[mended:still_open]
    assert "each is to be doubled . Met on 2 March 2026, 12:00, at attempt 1; named in 2 attempts." in part
    assert part.count("Mended: attempt 4 passed, on 3 March 2026, 12:00.") == 2
    assert (
        "What changed from attempt 2 to attempt 4 @@ -1,3 +1 @@ − def double(x): − return x ** 2 − # + y = '<i>'"
        in part
    )
    assert "What changed from attempt 3 to attempt 4" in part
    assert "Met on 3 March 2026, 12:29, at attempt 1. " in text[still_open:]
    assert "Mended" not in text[still_open:].partition("Predictions")[0]


def test_mistakes_that_went_with_one_change_share_it_and_one_that_comes_back_is_open(store: ProgressStore) -> None:
    def record(*attempts: tuple[Attempt, bytes]) -> CourseReport:
        for item, text in attempts:
            store.record(item, text)
        return course_report(store, None, NOON)

    twice = functools.partial(attempt, exercise="ch1_mini/twice")
    found = record(twice(WRONG, 3000, (SQUARED, HALVED)), twice(RIGHT, 3010, passed=True))
    lesson = found.mended[-1]
    assert [(met.mistake, met.attempt, met.times) for met in lesson.mistakes] == [(SQUARED, 1, 2), (HALVED, 2, 1)]
    assert lesson.change is not None and (lesson.change.failing, lesson.change.passing) == (2, 3)
    assert found.open == ()
    again = record(twice(WRONG, 3020, (SQUARED,)), twice(NEARER, 3030))
    assert [[met.mistake for met in lesson.mistakes] for lesson in again.open] == [[SQUARED]]
    assert [met.mistake for met in again.mended[-1].mistakes] == [HALVED]


def test_predictions_pictures_and_the_models_text_are_there(page: str) -> None:
    reader = Reader(page)
    assert "2 of 3 answers right." in reader.text and "Double and halve 2 of 3" in reader.text
    assert [image["alt"] for image in reader.all("img")] == ["Same & <alike>."] * 2
    assert "Four times ch1_mini/twice The pictures could not be drawn: line 3: " in reader.text
    assert "Its loss on text that it had not seen: 0.585 nats per character." in reader.text
    assert "which sees 64 characters at a time is 0.550. Your model's loss is 0.035 above it." in reader.text
    assert "Step 100, loss 1.912 the cow Step 1600, loss 0.598 " in reader.text
    assert "Step 1700, loss 0.500 (line ends alone)" in reader.text


def test_what_is_not_there_yet_is_said_with_the_command_that_makes_it(course: Kit) -> None:
    store = ProgressStore(course.layout, course.curriculum)
    store.record(*attempt(WRONG, 0))
    text = Reader(course_page(course_report(store, (), NOON))).text
    for command in ("grader predict EXERCISE", "grader picture", "grader train"):
        assert command in text
    assert "Mistakes you met" not in text
    left_out = Reader(course_page(course_report(store, None, NOON))).text
    assert "The pictures were left out." in left_out and "No picture yet" not in left_out


def test_the_page_of_an_empty_course_says_how_to_begin(course: Kit) -> None:
    page = course_page(course_report(ProgressStore(course.layout, course.curriculum), (), NOON))
    reader = Reader(page)
    assert "Nothing has been checked yet. This is how to begin:" in reader.text
    assert (
        "grader show scale says what the first exercise is about. Write your answer into exercises/ch1_mini/scale.py"
        in reader.text
    )
    assert "Attempts over time" not in reader.text and "What your model wrote" not in reader.text


def test_a_finished_course_is_said_to_be_done(report: CourseReport) -> None:
    done = replace(report, standing=replace(report.standing, upcoming=None, passed=2))
    assert "Every exercise has passed. The course is done." in Reader(course_page(done)).text


# -- attempts over time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "unit", "spans"),
    [
        ((0, 59, 60), Unit.HOUR, 2),
        ((0, 60 * 41), Unit.HOUR, MOST_SPANS),
        ((0, 60 * 42), Unit.DAY, 3),
        ((0, 24 * 60 * 41), Unit.DAY, MOST_SPANS),
        ((0, 24 * 60 * 42), Unit.WEEK, 7),
        ((0, 24 * 60 * 400), Unit.MONTH, 14),
        ((0, 24 * 60 * 3600), Unit.YEAR, 11),
        ((24 * 60 * 42, 0), Unit.WEEK, 7),  # a clock that was set back
    ],
)
def test_the_unit_is_the_shortest_whose_bars_can_be_told_apart(
    minutes: tuple[int, ...], unit: Unit, spans: int
) -> None:
    found = over_time([attempt(WRONG, minute)[0] for minute in minutes])
    assert found is not None and found.unit is unit
    assert len(found.spans) == spans
    assert sum(span.attempts for span in found.spans) == len(minutes)
    assert found.spans[0].attempts > 0 and found.spans[-1].attempts > 0


def test_only_time_between_attempts_of_one_sitting_counts() -> None:
    attempts = [attempt(WRONG, minute)[0] for minute in (0, 30, 61, 62)]
    assert time_between(attempts) == timedelta(minutes=31)


def test_the_bars_are_as_high_as_their_numbers_and_every_label_is_inside() -> None:
    days = [(day, passed) for day in range(40) for passed in [True] * (day % 3) + [False] * (day % 7)]
    found = over_time([attempt(WRONG, 24 * 60 * day, passed=passed)[0] for day, passed in days])
    assert found is not None
    for width in (880, 340):
        chart = attempts_chart(found, "wide", width)
        per_one = (chart.base - chart.y_ticks[-1].at) / int(chart.y_ticks[-1].label)
        spans = [span for span in found.spans if span.attempts]
        for bar, span in zip(chart.bars, spans, strict=True):
            assert bar.passed_height == pytest.approx(per_one * span.passed, abs=0.1)
            assert bar.others_height == pytest.approx(per_one * span.others, abs=0.1)
            assert bar.passed_y + bar.passed_height == pytest.approx(chart.base, abs=0.15)
            assert bar.others_y + bar.others_height == pytest.approx(bar.passed_y, abs=0.15)
            assert chart.left <= bar.x and bar.x + bar.width <= chart.right
            assert f"{span.attempts} attempt" in bar.says and f"{span.passed} of them" in bar.says
        assert 3 <= len(chart.y_ticks) <= 6 and chart.y_ticks[-1].at >= 0
        places = [(tick.at - 3.6 * len(tick.label), tick.at + 3.6 * len(tick.label)) for tick in chart.x_ticks]
        assert places[0][0] >= 0 and places[-1][1] <= width
        assert all(a[1] < b[0] for a, b in itertools.pairwise(places))
        assert len(places) >= 3


def test_the_chart_is_told_in_words_and_in_a_table(page: str) -> None:
    reader = Reader(page)
    charts = [svg for svg in reader.all("svg") if svg.get("role") == "img"]
    assert [chart["class"] for chart in charts] == ["wide", "narrow"]
    for chart in charts:
        assert (
            chart["aria-label"]
            == "A bar chart. 5 attempts in all, 1 of them passed. Most in one hour: 3, 2 Mar, 12:00."
        )
    assert "hour attempts passed 2 Mar, 12:00 3 0 3 Mar, 12:00 2 1" in reader.text
    for label in ("hour, by the clock of this computer", "attempts in each hour"):
        assert label in reader.text


# -- whose words it lets in ---------------------------------------------------------------------------


def test_a_strangers_text_is_escaped_and_every_character_of_it_is_seen(store: ProgressStore) -> None:
    text = f"{HOSTILE}{ALL_UNSEEN}"  # halves of characters among them, which only an exception's message may have
    whole = text.encode("utf-8", "replace").decode()
    mistake = Mistake("m", whole)
    store.record(*attempt(HOSTILE, 5000, (mistake,)))
    store.record(*attempt(whole, 5001, passed=True))
    keep_writing(store.layout, replace_moments(HOSTILE))
    page = course_page(course_report(store, (NotDrawn("ch1_mini/scale", text),), NOON))
    assert not [character for character in page if is_unseen(character)]
    assert "<script" not in page and page.count(html.escape("<script>alert(1)</script>")) >= 4
    Reader(page)


def replace_moments(text: str) -> Writing:
    return Writing("language.txt", 9, (Moment(1, 1.0, text),), 0.5, None, None, 64, "2026-03-05T12:00:00+01:00")


def test_nothing_is_loaded_and_nothing_can_run(page: str) -> None:
    reader = Reader(page)
    addresses = [
        value
        for _, attributes in reader.elements
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "action", "data", "poster") and value is not None
    ]
    assert addresses and all(address.startswith(("#", "data:image/svg+xml")) for address in addresses)
    assert not {"script", "iframe", "object", "embed", "link", "form"} & {tag for tag, _ in reader.elements}
    assert not any(key.startswith("on") for _, attributes in reader.elements for key in attributes)
    assert {match for match in re.findall(r"url\(([^)]*)\)", page) if not match.startswith("#")} == set()
    assert "@import" not in page
    policy = next(item for item in reader.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_files_are_not_named_and_so_no_folder_of_a_persons(page: str, store: ProgressStore) -> None:
    assert "me.py" not in page and str(store.layout.root) not in page


# -- how it is read -----------------------------------------------------------------------------------


def test_headings_are_in_order_and_all_has_a_name(page: str) -> None:
    reader = Reader(page)
    assert reader.open == []
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert reader.all("html") == [{"lang": "en"}]
    assert all(image["alt"] for image in reader.all("img"))
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 6
    links = [item["href"] for item in reader.all("a")]
    assert links and {f"#{name}" for name in ids} >= set(links)


INKS = ("ink", "dim", "good", "bad", "warn", "link")


def test_all_inks_can_be_read_on_all_papers_in_both_schemes() -> None:
    style = (PACKAGE / "grader" / "render" / "pages" / "style.html").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", part)) for part in re.findall(r":root \{(.*?)\}", style)
    )
    assert {*INKS, "paper", "card", "bar"} == set(light) == set(dark)
    for scheme in (light, dark):
        for paper in ("paper", "card"):
            for ink in INKS:
                assert contrast(scheme[ink], scheme[paper]) >= 4.5, (ink, paper, scheme)
        assert contrast(scheme["bar"], scheme["paper"]) >= 3
    text = "".join(
        path.read_text(encoding="utf-8") for path in (PACKAGE / "grader" / "render" / "pages").glob("*.html")
    )
    colours = re.findall(r"(?<![-\w])(?:color|fill): ([^;}]+)", text)
    assert colours and all(colour.startswith("var(--") for colour in colours)


def contrast(a: str, b: str) -> float:
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1000, 390, 320)
# In each frame: how wide the page is, the least contrast of a text that is shown, and which pictures are shown.
MEASURE = """<script>
function light(c) {
  const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const numbers = text => text.match(/[0-9.]+/g).map(Number);
function paper(view, element) {
  for (; element; element = element.parentElement) {
    const found = numbers(view.getComputedStyle(element).backgroundColor);
    if (found.length < 4 || found[3] > 0) return found;
  }
  return [255, 255, 255];
}
function measured(frame) {
  const view = frame.contentWindow, page = view.document;
  for (const details of page.querySelectorAll('details')) details.open = true;
  let least = 99, texts = 0;
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('title') || !element.checkVisibility()) continue;
    const style = view.getComputedStyle(element);
    const ink = light(numbers(element.closest('svg') ? style.fill : style.color)), under = light(paper(view, element));
    least = Math.min(least, (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05));
    texts += 1;
  }
  const shown = elements => [...elements].filter(element => element.checkVisibility());
  const images = shown(page.images).map(image => image.className + image.naturalWidth);
  const charts = shown(page.querySelectorAll('svg')).map(chart => chart.className.baseVal);
  return {wide: page.documentElement.scrollWidth, room: view.innerWidth, least, texts, images, charts,
          dark: view.getComputedStyle(page.body).backgroundColor !== 'rgb(255, 255, 255)'};
}
window.onload = () => { document.title = JSON.stringify([...document.querySelectorAll('iframe')].map(measured)); };
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: `apt install chromium` gets one")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_it_without_sideways_scrolling_and_with_contrast(page: str, tmp_path: Path, dark: bool) -> None:
    """With one long line of each kind in it."""
    long = "x" * 3000
    page = (
        page.replace("the cow", long)
        .replace("return x ** 2", long)
        .replace("to be <code>doubled", f"to be <code>{long}")
    )
    assert page.count(long) >= 4
    frames = "".join(f'<iframe width="{w}" height="700" srcdoc="{html.escape(page)}"></iframe>' for w in WIDTHS)
    outer = tmp_path / "outer.html"
    outer.write_text(f"<!doctype html><meta charset='utf-8'><title></title>{MEASURE}{frames}", encoding="utf-8")
    for item, width in zip(measured_by_browser(outer, tmp_path, dark), WIDTHS, strict=True):
        assert item["room"] == width and item["wide"] <= width
        assert item["texts"] > 60 and item["least"] >= 4.5
        assert item["dark"] is dark
        assert (item["images"], item["charts"]) == (
            (["wide9"], ["wide"]) if width == 1000 else (["narrow3"], ["narrow"])
        )


def measured_by_browser(page: Path, profile: Path, dark: bool) -> list[dict[str, Any]]:
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--user-data-dir={profile / 'profile'}", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found is not None, done.stderr[-2000:]
    return list(json.loads(html.unescape(found[1])))


# -- pictures -----------------------------------------------------------------------------------------


def test_an_svg_in_an_address_is_shorter_and_still_the_same() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" aria-label="5 % &amp; more &quot;">\n <metadata>who</metadata><!--c-->'
        '<g id="unused" transform="scale(0.015625 -0.015625)">'
        '<path id="long-name" d="M 10.126456 -0.987654\nL 1e-05 2.000 \nz\n" style="fill: #0072b2"/>'
        '<use xlink:href="#long-name" transform="translate(63.625 0)"/>'
        '<use xlink:href="#long-name" transform="translate(1 2)" x="3.14159" clip-path="url(#long-name)"/></g></svg>'
    )
    address = svg_address(svg)
    assert '"' not in address and "\n" not in address and "#" not in address
    assert html.unescape(str(address)).partition(",")[2].replace("%23", "#").replace("%25", "%") == (
        "<svg xmlns='http://www.w3.org/2000/svg' aria-label='5 % &amp; more &quot;'>"
        "<g transform='scale(0.015625 -0.015625)'>"
        "<path id='i0' d='M10.13 -0.99L1e-05 2z' style='fill: #0072b2'/>"
        "<use xlink:href='#i0' x='63.62'/>"
        "<use xlink:href='#i0' transform='translate(1 2)' x='3.14' clip-path='url(#i0)'/></g></svg>"
    )


class Painter:
    """Draws a picture of each exercise, fails where it is told to, and remembers what it was asked for."""

    def __init__(self, failures: dict[str, BaseException] | None = None) -> None:
        self.failures = failures or {}
        self.asked: list[str] = []

    def __call__(self, exercise: Exercise) -> tuple[Drawing, ...]:
        self.asked.append(exercise.short)
        if exercise.short in self.failures:
            raise self.failures[exercise.short]
        return (Drawing(exercise.short, exercise.name, "words", f"<svg>{len(self.asked)}</svg>", "<svg/>"),)


@pytest.fixture
def all_passed(store: ProgressStore, monkeypatch: pytest.MonkeyPatch) -> ProgressStore:
    """Both exercises have passed and have a picture."""
    monkeypatch.setattr(drawings, "pictures_for", lambda name: (Picture("p", name, "m", "t", "q", "s"),))
    for exercise in store.curriculum.graded:
        store.remember(exercise, 10, 2, 1, "none")
    return store


def test_pictures_are_kept_until_something_changes_that_they_rest_on(all_passed: ProgressStore, course: Kit) -> None:
    first, second, third = Painter(), Painter(), Painter()
    drawn = list(drawings_of(all_passed, first))
    assert first.asked == ["scale", "twice"]
    assert list(drawings_of(all_passed, second)) == drawn and second.asked == []
    file = course.layout.exercise_file("ch1_mini/twice")
    file.write_text(file.read_text() + "# more\n")
    all_passed.look_again()
    all_passed.remember(all_passed.curriculum.graded[1], 10, 2, 1, "none")
    list(drawings_of(all_passed, third))
    assert third.asked == ["twice"]
    course.layout.drawn_file("ch1_mini/scale").write_text("{")
    assert len(list(drawings_of(all_passed, Painter()))) == 2


def test_of_two_pictures_of_an_exercise_one_may_fail(real: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """`broken` asks the learner's file for what it does not have; nothing of the exercise is kept for the next time."""
    curriculum, exercise = load_curriculum(real), load_curriculum(real).get(LESSONS[0])
    (good,) = pictures_for(exercise.name)
    broken = replace(good, name="schedule", module="training", title="Another one")
    monkeypatch.setattr(making, "pictures_for", lambda name: (broken, good))
    real.exercise_file(LESSONS[1]).write_text("x = 1\n")

    def draw(exercise: Exercise) -> tuple[Drawing | NotDrawn, ...]:
        return drawings_drawn(real, curriculum, exercise, making.silent)

    failed, drawn = drawings_of(ProgressStore(real, curriculum), draw)
    assert isinstance(failed, NotDrawn) and isinstance(drawn, Drawing)
    assert failed.title == "Another one" and "`cosine_with_warmup`" in failed.reason
    assert drawn.name == "same-words" and drawn.wide != drawn.narrow
    assert not real.drawn_file(exercise.name).exists()


def test_of_what_has_not_passed_no_picture_is_drawn(store: ProgressStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "pictures_for", lambda name: (Picture("p", name, "m", "t", "q", "s"),))
    painter = Painter()
    assert [item.exercise for item in drawings_of(store, painter)] == ["ch1_mini/scale"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UsageError("a.py, line 3: ValueError: no", "look"), "a.py, line 3: ValueError: no"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (SystemExit("enough"), "SystemExit: enough"),
    ],
)
def test_a_picture_that_fails_costs_itself_alone(all_passed: ProgressStore, error: BaseException, reason: str) -> None:
    failed, drawn = drawings_of(all_passed, Painter({"scale": error}))
    assert failed == NotDrawn("ch1_mini/scale", reason)
    assert isinstance(drawn, Drawing)
    assert next(iter(drawings_of(all_passed, Painter()))) != failed  # it is tried again


# -- the command --------------------------------------------------------------------------------------


def test_the_command_writes_the_page_and_says_where(store: ProgressStore, course: Kit) -> None:
    root = course.layout.root
    done = grader(root / "exercises", "report", "--show", env={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert done.returncode == 0, done.stderr
    written = (root / "report.html").read_text(encoding="utf-8")
    assert "Mistakes you met and mended" in written
    said = " ".join(done.stdout.split())
    assert re.fullmatch(
        r"Wrote report\.html \(\d+ kB\): 1 of 2 exercises passed, 2 named mistakes mended\. Open it in a browser\.",
        said,
    )
    assert done.stderr == "No viewer can be opened from here. Open report.html yourself.\n"
    assert not list(root.glob("*.unfinished"))


def test_another_place_can_be_named_and_one_that_is_none_is_refused(course: Kit) -> None:
    root = course.layout.root
    done = grader(root, "report", "--without-pictures", "--out", "new/mine.html")
    assert done.returncode == 0, done.stderr
    assert "The pictures were left out" not in (root / "new" / "mine.html").read_text(
        encoding="utf-8"
    )  # an empty course
    assert "Wrote new/mine.html (" in done.stdout and not (root / "report.html").exists()
    refused = grader(root, "report", "--without-pictures", "--out", "new")
    assert refused.returncode == 2
    assert refused.stderr == "error: new cannot be written: Is a directory\n\nhint: --out names another file\n"


LESSONS = ("ch1_tokens/bag_of_words", "ch6_training/schedule")


@pytest.fixture
def real(tmp_path: Path) -> Layout:
    """Two of the course's own exercises that have pictures: `bag_of_words` is right, `schedule` divides by zero."""
    layout = Layout(tmp_path / "course")
    layout.data.mkdir(parents=True)
    whole = load_curriculum(Layout(PACKAGE))
    for name in LESSONS:
        exercise = whole.get(name)
        for path in (layout.suite_file(name), layout.exercise_file(name)):
            path.parent.mkdir(parents=True)
        layout.suite_file(name).write_text('"""None."""\n')
        layout.chapter_file(exercise.chapter).write_text(
            f'title = "A chapter"\n[{exercise.short}]\ntitle = "{exercise.title}"\nhints = ["None."]\n'
        )
    shutil.copy(Layout(PACKAGE).solution_file(LESSONS[0]), layout.exercise_file(LESSONS[0]))
    layout.exercise_file(LESSONS[1]).write_text("def cosine_with_warmup(*_):\n    return 1 / 0\n")
    store = ProgressStore(layout, load_curriculum(layout))
    for exercise in store.curriculum.graded:
        store.remember(exercise, 10, 2, 1, "none")
    store.save()
    return layout


def test_the_learners_own_code_is_drawn_and_the_second_report_does_not_draw_it_again(real: Layout) -> None:
    done = grader(real.root, "report")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "ch6_training/schedule: “The learning rate of each step” could not be drawn: " in said
    assert "exercises/ch6_training/schedule.py, line 2: ZeroDivisionError: division by zero" in said
    assert "2 of 2 exercises passed, 1 picture." in said
    pages = [real.report.read_text(encoding="utf-8")]
    assert pages[0].count("<img ") == 2 and "What does a bag of words lose?" in pages[0]
    real.exercise_file(LESSONS[1]).unlink()
    path = os.pathsep.join((str(without_torch(real.root)), str(PACKAGE)))
    again = grader(real.root, "report", env={"PYTHONPATH": path})
    assert again.returncode == 0, again.stderr
    pages.append(real.report.read_text(encoding="utf-8"))
    first, second = (re.findall(r"<img .*?>", page) for page in pages)
    assert first == second


def without_torch(root: Path) -> Path:
    """A folder in front of the path in which torch and matplotlib cannot be imported."""
    folder = root / "no-torch"
    folder.mkdir()
    for name in ("torch", "matplotlib"):
        (folder / f"{name}.py").write_text("raise ImportError('not to be imported')\n")
    return folder
