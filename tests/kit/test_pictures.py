"""Pictures of the learner's own code: the data behind every mark, and what stands around it at both widths."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
import torch
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from running import PACKAGE
from torch.utils.flop_counter import FlopCounterMode

from grader.course.curriculum import Curriculum, load_curriculum
from grader.course.layout import Layout
from grader.learner.pictures import attention, breaking, embeddings, meaning, training
from grader.learner.pictures.catalogue import PICTURES
from grader.learner.pictures.data import Bars, Cloud, Curves, Grid, Panel, PictureData
from grader.learner.pictures.making import Pair, reference_pictures
from grader.learner.pictures.quiet import apart
from grader.render.figures.files import png_bytes, svg_text
from grader.render.figures.heads import labels_of
from grader.render.figures.palette import CARD, INK, QUIET_INK, STYLES
from grader.render.figures.sheet import SAME, draw

LAYOUT = Layout(PACKAGE)
NAMES = [picture.name for picture in PICTURES]
WITHOUT_UNIT = (
    "token",
    "word",
    "step",
    "layer",
    "merges",
    "dimension",
    "position",
    "tokens so far",
    "steps of training",
)


@pytest.fixture(scope="module")
def curriculum() -> Curriculum:
    return load_curriculum(LAYOUT)


@pytest.fixture(scope="module")
def pictures(curriculum: Curriculum) -> Iterator[dict[str, PictureData]]:
    """All pictures, from the solutions. What trains is cut short: the numbers are looked at, not how low they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embeddings, "STEPS", 120)
        patch.setattr(breaking, "STEPS", (0, 10, 20))
        patch.setattr(attention, "STEPS", 40)
        patch.setattr(meaning, "STEPS", 20)
        patch.setattr(training, "STEPS", 40)
        patch.setattr(training, "EVAL_EVERY", 20)
        exercises = list(dict.fromkeys(picture.exercise for picture in PICTURES))
        made = [data for name in exercises for data in reference_pictures(LAYOUT, curriculum.get(name))]
        yield {data.name: data for data in made}


@pytest.fixture
def solutions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The solutions can be imported by the names of the course."""
    with apart():
        monkeypatch.syspath_prepend(str(PACKAGE / "solutions"))
        yield


def panels(data: PictureData, kind: type[Any]) -> list[Any]:
    assert all(isinstance(panel, kind) for panel in data.panels)
    return list(data.panels)


def close(found: Any, expected: Any) -> None:
    """Equal to the four digits that a picture keeps."""
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-3, atol=1e-3)


# -- what stands around the marks --------------------------------------------------------------------------------


def drawn(data: PictureData, width: int) -> Figure:
    figure = draw(Pair(data, None), width)
    figure.draw_without_rendering()
    return figure


def axes_of(figure: Figure) -> list[Any]:
    """The panels' axes, without the scales of colours."""
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.mark.parametrize("width", [900, 390])
@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_words_around_it_and_nothing_is_cut_or_covered(
    pictures: dict[str, PictureData], name: str, width: int
) -> None:
    data = pictures[name]
    figure = drawn(data, width)
    written = [" ".join(text.get_text().split()) for text in figure.texts]
    assert written == [data.title, data.question, data.sentence]
    assert data.question.endswith("?") and data.sentence.endswith(".")
    axes = axes_of(figure)
    assert len(axes) == len(data.panels)
    for panel, one in zip(data.panels, axes, strict=True):
        assert_words(panel, one)
        assert_marks(panel, one)
    assert_nothing_is_cut(figure)
    assert_nothing_is_covered(figure, axes)


def assert_words(panel: Panel, axes: Any) -> None:
    """The title, the labels with their units, and the legend or the scale of colours."""
    assert " ".join(axes.get_title("left").split()) == panel.title
    for label, found in ((panel.x_label, axes.get_xlabel()), (panel.y_label, axes.get_ylabel())):
        assert " ".join(found.split()) == label
        has_unit = "(" in label or "per" in label or "count" in label or any(word in label for word in WITHOUT_UNIT)
        assert has_unit, label
    if isinstance(panel, Grid) and not panel.words:
        (scale,) = (image.colorbar for image in axes.images)
        assert scale.ax.get_xlabel() == panel.value_label
        assert (scale.vmin, scale.vmax) == (panel.low, panel.high)
        return
    assert [text.get_text() for text in axes.get_legend().get_texts()] == labels_of(panel)


def assert_marks(panel: Panel, axes: Any) -> None:
    """As many marks as there are numbers, each at its place."""
    if isinstance(panel, Curves):
        found = axes.get_lines()
        assert len(found) == len(panel.lines) + len(panel.limits)
        for line, one in zip(found, panel.lines, strict=False):
            close(line.get_data(), (one.x, one.y))
            assert (line.get_marker() not in ("", "None")) == (one.is_marked or bool(one.names))
    elif isinstance(panel, Grid):
        (image,) = axes.images
        close(image.get_array(), panel.rows)
        names = [[label.get_text() for label in axis.get_ticklabels()] for axis in (axes.xaxis, axes.yaxis)]
        assert not panel.x_names or names == [list(panel.x_names), list(panel.y_names)]
    elif isinstance(panel, Cloud):
        for group, points in zip(panel.groups, axes.collections, strict=True):
            close(points.get_offsets().T, (group.x, group.y))
        assert [text.get_text() for text in axes.texts] == [name for group in panel.groups for name in group.names]
    else:
        bars = [container for container in axes.containers if isinstance(container, BarContainer)]
        close([[bar.get_height() for bar in one] for one in bars], [series.heights for series in panel.series])
        assert [label.get_text() for label in axes.get_xticklabels()] == list(panel.names)


def assert_nothing_is_cut(figure: Figure) -> None:
    """Every word lies within the picture."""
    whole = figure.bbox
    for text in words_of(figure):
        box = text.get_window_extent()
        assert whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1, text.get_text()
        assert whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1, text.get_text()


def words_of(figure: Figure) -> Iterator[Any]:
    """Every text that is drawn; a tick beyond the end of its axis is not."""
    yield from figure.texts
    for axes in figure.axes:
        yield from axes.texts
        if legend := axes.get_legend():
            yield from legend.get_texts()
        for axis in (axes.xaxis, axes.yaxis):
            yield axis.label
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def assert_nothing_is_covered(figure: Figure, axes: list[Any]) -> None:
    """No panel, with its title and its labels, reaches into another one or into the words of the picture."""
    boxes = [one.get_tightbbox() for one in axes] + [text.get_window_extent() for text in figure.texts]
    for a, b in itertools.combinations(boxes, 2):
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 3 or up < 3, (a, b)


@pytest.mark.parametrize("width", [900, 390])
def test_names_of_points_hide_no_other_name(pictures: dict[str, PictureData], width: int) -> None:
    for axes in axes_of(drawn(pictures["embedding-map"], width)):
        boxes = [text.get_window_extent() for text in axes.texts]
        hidden = sum(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        assert len(boxes) == 28
        assert hidden <= 3, hidden


def test_series_differ_in_more_than_colour_and_all_stand_out_from_the_card() -> None:
    for looks in ([str(style.line) for style in STYLES], [style.mark for style in STYLES], [s.hatch for s in STYLES]):
        assert len(set(looks)) == len(STYLES)
    assert all(contrast(style.colour, CARD) >= 3 for style in STYLES)
    assert all(contrast(ink, CARD) >= 4.5 for ink in (INK, QUIET_INK))


def contrast(a: str, b: str) -> float:
    """As WCAG 2 has it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# -- the data behind the marks ------------------------------------------------------------------------------------


def test_bags_are_the_counts_of_the_words(pictures: dict[str, PictureData]) -> None:
    (bars,) = panels(pictures["same-words"], Bars)
    for series in bars.series:
        counts = Counter(series.label.strip("“”").split())
        assert dict(zip(bars.names, series.heights, strict=True)) == counts
    assert bars.title.endswith("1.00")


@pytest.mark.usefixtures("solutions")
def test_merges_are_those_of_a_tokenizer_trained_to_that_size(pictures: dict[str, PictureData]) -> None:
    from ch1_tokens.byte_pairs import BPETokenizer, train_bpe

    (curves,) = panels(pictures["merges"], Curves)
    text = (LAYOUT.data / "language.txt").read_text()[:20_000]
    tokens = BPETokenizer(*train_bpe(text, 256 + 25)).encode(text[:4000])
    assert curves.lines[0].y[:2] == (1.0, pytest.approx(len(tokens) / 4000, rel=1e-3))
    assert all(list(line.y) == sorted(line.y, reverse=True) for line in curves.lines)


def table_before() -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.randn(28, embeddings.DIM)


def test_the_map_shows_the_principal_components_of_the_table(pictures: dict[str, PictureData]) -> None:
    before, after = panels(pictures["embedding-map"], Cloud)
    assert [len(group.x) for group in after.groups] == [5, 20, 3]
    assert "".join(after.groups[0].names) == "aeiou"
    shown = {n: (x, y) for group in before.groups for n, x, y in zip(group.names, group.x, group.y, strict=True)}
    order = ["⏎", "␣", ".", *(chr(c) for c in range(ord("a"), ord("z") + 1) if chr(c) != "x")]
    table = table_before().double().numpy()
    centred = table - table.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    expected = np.abs(centred @ vectors[:, np.argsort(values)[::-1][:2]])
    close(np.abs([shown[name] for name in order if name in shown]), expected)
    assert before.groups != after.groups


def test_cosines_are_those_of_the_table_with_the_vowels_first(pictures: dict[str, PictureData]) -> None:
    before, after = panels(pictures["cosine-matrix"], Grid)
    assert "".join(before.x_names[:5]) == "aeiou"
    rows = np.array(before.rows)
    table = torch.nn.functional.normalize(table_before())
    order = sorted(range(28), key=lambda i: (i >= 28, i))
    expected = np.sort((table @ table.T).numpy()[np.ix_(order, order)].ravel())
    close(np.sort(rows.ravel()), expected)
    for grid in (before, after):
        close(np.diag(grid.rows), np.ones(28))
        close(np.array(grid.rows).T, grid.rows)
    vowels = rows[:5, :5][~np.eye(5, dtype=bool)].mean()
    assert f"was {vowels:.2f}".replace("-", "−") in pictures["cosine-matrix"].sentence


@pytest.mark.usefixtures("solutions")
def test_breakage_has_one_line_for_each_experiment(pictures: dict[str, PictureData]) -> None:
    from ch2_embeddings.breakage import dimension_experiment, mismatch_experiment

    (curves,) = panels(pictures["breakage"], Curves)
    assert [line.label for line in curves.lines] == [
        "healthy", "table frozen", "ids permuted", "2 numbers per token", "read with another tokenizer",
    ]  # fmt: skip
    text = (LAYOUT.data / "language.txt").read_text()[: breaking.CHARACTERS]
    assert all(line.x == (0.0, 10.0, 20.0) for line in curves.lines)
    dims, tokenizers = dimension_experiment(text, 20, 0), mismatch_experiment(text, 20, 0)
    lasts = [curves.lines[i].y[-1] for i in (0, 3, 4)]
    close(lasts, [tokenizers["matched"], dims["dim_2"], tokenizers["mismatched"]])
    assert curves.lines[1].y[0] == curves.lines[0].y[0], "before the first step nothing is frozen yet"


def test_weights_are_the_softmax_of_the_divided_scores(pictures: dict[str, PictureData]) -> None:
    (bars,) = panels(pictures["temperatures"], Bars)
    for series, temperature in zip(bars.series, attention.TEMPERATURES, strict=True):
        powers = np.exp(np.array(attention.SCORES) / temperature)
        close(series.heights, powers / powers.sum())


def test_masks_are_drawn_as_they_are(pictures: dict[str, PictureData]) -> None:
    causal, last, padding, both = (np.array(grid.rows) for grid in panels(pictures["masks"], Grid))
    close(causal, np.tri(6))
    close(last, np.tri(6)[3:])
    close(padding, np.arange(6) < 4 + np.zeros((6, 1)))
    close(both, causal * padding)
    window, strided = (np.array(grid.rows) for grid in panels(pictures["sparse-masks"], Grid))
    distance = np.subtract.outer(np.arange(12), np.arange(12))
    close(window, (distance >= 0) & (distance < 4))
    close(strided, (distance >= 0) & (distance % 4 == 0))


def test_heads_share_out_one_and_look_back_alone(pictures: dict[str, PictureData]) -> None:
    heads = panels(pictures["attention-heads"], Grid)
    assert len(heads) == 4
    for head in heads:
        rows = np.array(head.rows)
        assert list(head.x_names) == list(head.y_names) == attention.SENTENCE.split()
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=0.01)
        assert np.all(rows == np.tril(rows))
    assert len({head.rows for head in heads}) == 4


def test_positions_are_the_papers_waves(pictures: dict[str, PictureData]) -> None:
    table, cosines = pictures["position-table"].panels
    assert isinstance(table, Grid) and isinstance(cosines, Curves)
    angles = np.outer(np.arange(48), 10000.0 ** (-2 * np.arange(16) / 32))
    close(table.rows, np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(48, 32))
    for line in cosines.lines:
        close(line.y, [np.cos(angles[distance]).mean() for distance in range(21)])


def test_rotary_turns_are_turns_of_complex_numbers(pictures: dict[str, PictureData]) -> None:
    turns, scores = panels(pictures["rotary-turns"], Curves)
    for pair, line in enumerate(turns.lines):
        expected = (4 - pair) * np.exp(1j * np.arange(7) * 10000.0 ** (-pair / 4))
        close(line.x, expected.real)
        close(line.y, expected.imag)
    assert "57.3°" in turns.lines[0].label
    assert turns.is_square
    for line in scores.lines[1:]:
        np.testing.assert_allclose(line.y, scores.lines[0].y, rtol=1e-3)
    assert np.ptp(scores.lines[0].y) > 1


@pytest.mark.usefixtures("solutions")
def test_gradients_are_those_that_autograd_leaves_at_each_input(pictures: dict[str, PictureData]) -> None:
    from ch4_blocks.gradient_flow import KINDS, make_stack

    (curves,) = panels(pictures["gradient-flow"], Curves)
    assert curves.log_y
    generator = torch.Generator().manual_seed(0)
    x, probe = torch.randn(2, 16, 64, generator=generator), torch.randn(2, 16, 64, generator=generator)
    for kind, line in zip(KINDS, curves.lines, strict=True):
        assert line.label == kind.replace("_", "-")
        flowing, inputs = x.clone().requires_grad_(), []
        for layer in make_stack(kind, 24, 64, 4, 256, generator):
            flowing.retain_grad()
            inputs.append(flowing)
            flowing = layer(flowing)
        (flowing * probe).sum().backward()  # type: ignore[no-untyped-call]
        norms = [float(one.grad.norm()) for one in inputs if one.grad is not None]
        np.testing.assert_allclose(line.y, norms, rtol=1e-2)


def test_bank_is_one_point_in_the_table_and_many_after_the_last_block(pictures: dict[str, PictureData]) -> None:
    before, after = panels(pictures["two-senses"], Cloud)
    rows = [line.split("\t")[0] for line in (LAYOUT.data / "senses.tsv").read_text().splitlines()[:60]]
    for cloud in (before, after):
        assert [(group.label, len(group.x)) for group in cloud.groups] == [
            (f"bank: {sense}", rows.count(sense)) for sense in ("money", "river")
        ]
    assert {value for group in before.groups for value in (*group.x, *group.y)} == {0.0}
    assert len({point for group in after.groups for point in zip(group.x, group.y, strict=True)}) > 20
    assert before.title.endswith("0.00")
    right = sum((np.array(g.x) > 0).sum() if "river" in g.label else (np.array(g.x) <= 0).sum() for g in after.groups)
    assert f"{right / 60:.0%}" in pictures["two-senses"].sentence


def test_the_schedule_rises_and_falls_as_its_formula_says(pictures: dict[str, PictureData]) -> None:
    (curves,) = panels(pictures["schedule"], Curves)
    (line,) = curves.lines
    for step, rate in zip(line.x, line.y, strict=True):
        if step < 100:
            expected = 1e-3 * step / 100
        else:
            expected = 1e-4 + 0.45e-3 * (1 + math.cos(math.pi * min(1, (step - 100) / 900)))
        assert rate == pytest.approx(expected, rel=1e-3)
    assert [(limit.value, limit.is_upright) for limit in curves.limits] == [(100, True), (1000, True), (1e-4, False)]


def test_losses_stand_between_a_guess_and_the_published_floor(pictures: dict[str, PictureData]) -> None:
    (curves,) = panels(pictures["losses"], Curves)
    trained, held_out = curves.lines
    assert (len(trained.y), held_out.x) == (40, (20.0, 40.0))
    floor = re.search(r"entropy is too: ([\d.]+) nats", (LAYOUT.data / "README.md").read_text())
    assert floor is not None
    close([limit.value for limit in curves.limits], [math.log(28), float(floor[1])])
    assert trained.y[0] == pytest.approx(math.log(28), abs=0.2)
    assert trained.y[-1] < trained.y[0]
    assert f"falls to {held_out.y[-1]:.2f}" in pictures["losses"].sentence


@pytest.mark.usefixtures("solutions")
def test_the_cost_is_what_is_counted_and_the_quadratic_part_is_marked(pictures: dict[str, PictureData]) -> None:
    from ch5_models.gpt import GPT, GPTConfig

    (curves,) = panels(pictures["context-cost"], Curves)
    total, quadratic, rest = curves.lines
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        GPT(GPTConfig(40_478, 64, 768, 12, 12, 3072))(torch.zeros(1, 64, dtype=torch.int64))
    assert total.y[0] == pytest.approx(counter.get_total_flops(), rel=1e-3)
    close(np.array(quadratic.y) / (12 * 4 * np.array(quadratic.x) ** 2 * 768), np.ones(len(quadratic.x)))
    np.testing.assert_allclose(np.array(rest.y) + quadratic.y, total.y, rtol=1e-3)
    assert curves.shaded == quadratic.label
    (half,) = curves.limits
    assert half.value == pytest.approx(rest.y[0] / rest.x[0] / (12 * 4 * 768), rel=2e-3)


@pytest.mark.usefixtures("solutions")
def test_memory_is_what_autograd_keeps_beside_the_formula(pictures: dict[str, PictureData]) -> None:
    from ch5_models.gpt import GPT, GPTConfig

    (curves,) = panels(pictures["activation-memory"], Curves)
    counted, published = curves.lines
    n = np.array(published.x)
    np.testing.assert_allclose(np.array(published.y) * 2**20, 2 * n * (34 * 64 + 5 * 4 * n), rtol=1e-3)
    model, kept = GPT(GPTConfig(100, 512, 64, 2, 4, 256)), {}
    own = {one.untyped_storage().data_ptr() for one in model.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        held = model(torch.zeros(1, 64, dtype=torch.int64))
    assert held.requires_grad
    size = sum(size for place, size in kept.items() if place not in own)
    assert counted.y[counted.x.index(64)] == pytest.approx(size / 2**20, rel=1e-3)
    (adamw,) = curves.limits
    assert adamw.value == pytest.approx(8 * sum(one.numel() for one in model.parameters()) / 2**20, rel=1e-3)


def test_next_words_are_weighed_and_cut_as_they_should_be(pictures: dict[str, PictureData]) -> None:
    from grader.learner.pictures.writing import LOGITS

    by_temperature, top_k, top_p = panels(pictures["next-token"], Bars)

    def softmax(logits: Any) -> Any:
        powers = np.exp(logits)
        return powers / powers.sum()

    logits = np.array(LOGITS)
    for series, temperature in zip(by_temperature.series, (0.5, 1.0, 2.0), strict=True):
        close(series.heights, softmax(logits / temperature))
    plain = softmax(logits)
    for panel, kept in ((top_k, 3), (top_p, int(np.searchsorted(plain.cumsum(), 0.9)) + 1)):
        close(panel.series[0].heights, plain)
        close(panel.series[1].heights, np.where(np.arange(8) < kept, plain, 0) / plain[:kept].sum())


def test_the_cache_grows_evenly_and_saves_the_work_of_all_earlier_tokens(pictures: dict[str, PictureData]) -> None:
    sizes, work = panels(pictures["cache-growth"], Curves)
    t = np.array(sizes.lines[0].x)
    close(sizes.lines[0].y, 2 * 2 * 4 * 64 * t / 1024)
    weights, head = 2 * 2 * (4 * 64 * 64 + 2 * 64 * 256), 2 * 64 * 100  # operations for one token
    cached, whole = work.lines
    np.testing.assert_allclose(np.array(cached.y) * 1e6, weights + head + 2 * 4 * 64 * t, rtol=1e-3)
    np.testing.assert_allclose(np.array(whole.y) * 1e6, (weights + head) * t + 2 * 4 * 64 * t**2, rtol=1e-3)
    assert "64 times as much" in pictures["cache-growth"].sentence


# -- beside the reference's --------------------------------------------------------------------------------------


def changed(data: PictureData) -> PictureData:
    """The same picture with other numbers."""
    plain = msgspec.to_builtins(data)
    for panel in plain["panels"]:
        for line in panel.get("lines", []):
            line["y"] = [value + 1 for value in line["y"]]
        for series in panel.get("series", []):
            series["heights"] = [height + 1 for height in series["heights"]]
        if "rows" in panel:
            panel["rows"] = [[1 - value for value in row] for row in panel["rows"]]
    return msgspec.convert(plain, PictureData)


def test_what_is_the_same_is_said_in_place_of_drawn_twice(pictures: dict[str, PictureData]) -> None:
    for name in ("masks", "schedule", "same-words"):
        figure = draw(Pair(pictures[name], pictures[name]), 900)
        assert figure.texts[-1].get_text() == SAME
        assert len(axes_of(figure)) == len(pictures[name].panels)


def test_the_references_curves_and_bars_stand_in_the_same_axes(pictures: dict[str, PictureData]) -> None:
    for name in ("schedule", "same-words"):
        own, other = pictures[name], changed(pictures[name])
        (axes,) = axes_of(draw(Pair(own, other), 900))
        assert axes.get_legend().get_texts()[-1].get_text() == "the reference's"
        before = len(axes_of(draw(Pair(own, None), 900))[0].get_lines())
        assert len(axes.get_lines()) > before
    (axes,) = axes_of(draw(Pair(pictures["schedule"], changed(pictures["schedule"])), 900))
    close(axes.get_lines()[0].get_ydata(), np.array(axes.get_lines()[1].get_ydata()) + 1)


@pytest.mark.parametrize("width", [900, 390])
def test_the_references_grids_come_after_the_learners(pictures: dict[str, PictureData], width: int) -> None:
    own, other = pictures["masks"], changed(pictures["masks"])
    figure = draw(Pair(own, other), width)
    figure.draw_without_rendering()
    axes = axes_of(figure)
    titles = [" ".join(one.get_title("left").split()) for one in axes]
    assert titles == [f"{whose}: {panel.title}" for whose in ("yours", "the reference's") for panel in own.panels]
    close(axes[4].images[0].get_array(), 1 - np.array(own.panels[0].rows))  # type: ignore[union-attr]
    assert_nothing_is_cut(figure)
    assert_nothing_is_covered(figure, axes)


# -- the files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [900, 390])
def test_a_png_is_as_wide_as_asked(pictures: dict[str, PictureData], width: int) -> None:
    data = png_bytes(Pair(pictures["same-words"], None), width)
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == width


def test_svgs_say_what_they_show_and_several_may_stand_in_one_page(pictures: dict[str, PictureData]) -> None:
    texts = [svg_text(Pair(pictures[name], None), 900) for name in ("same-words", "masks")]
    ids: list[set[str]] = []
    for text, name in zip(texts, ("same-words", "masks"), strict=True):
        root = ElementTree.fromstring(text)
        assert root.attrib["role"] == "img"
        assert pictures[name].sentence in root.attrib["aria-label"]
        ids.append({one.attrib["id"] for one in root.iter() if "id" in one.attrib})
        used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
        assert used and used <= ids[-1]
    assert not ids[0] & ids[1]
    assert texts[0] == svg_text(Pair(pictures["same-words"], None), 900), "the same picture is the same bytes"
    assert "http://" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", texts[0]).replace("http://purl.org", "")


def test_recordings_are_small(pictures: dict[str, PictureData], tmp_path: Path) -> None:
    assert sum(len(msgspec.json.encode(data)) for data in pictures.values()) < 100_000
