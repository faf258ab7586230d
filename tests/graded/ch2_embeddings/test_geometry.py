"""Cosines, neighbours, pairs, principal components, the picture, and the figures of a trained table."""

import itertools
import math
import numbers
import struct
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from grader.corpora import language

FLOAT32 = 2e-5  # what float32 in between leaves of a value near 1


def cosine_by_hand(a, b):
    """The cosine of two vectors, number by number."""
    dot = sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    lengths = math.sqrt(sum(x * x for x in a.tolist())) * math.sqrt(sum(y * y for y in b.tolist()))
    return dot / lengths if lengths else 0.0


def cosines_by_hand(table):
    """The cosine of every two rows, from their dot products."""
    dots = (table[:, None].double() * table[None]).sum(dim=-1)
    squares = dots.diagonal()[:, None] * dots.diagonal()
    return dots / squares.where(squares > 0, 1.0).sqrt()


def neighbors_by_hand(cosines, i, k):
    row = cosines[i].tolist()
    return sorted((j for j in range(len(row)) if j != i), key=lambda j: -row[j])[:k]


def no_ties(cosines, i, k):
    """Whether it is certain which are the k nearest: the next one is clearly further away, or both are at exactly 0."""
    ordered = sorted((c for j, c in enumerate(cosines[i].tolist()) if j != i), reverse=True)
    return len(ordered) <= k or ordered[k - 1] - ordered[k] > 1e-4 or ordered[k - 1] == ordered[k] == 0


def table_without_ties(draw, vocab, dim):
    """A table in which each row's cosines with the others lie apart, and the lengths of the rows differ much."""
    while True:
        lengths = torch.logspace(-1, 1, vocab, dtype=torch.float64)[draw.shuffled(range(vocab))]
        table = draw.normal(vocab, dim) * lengths[:, None]
        cosines = cosines_by_hand(table)
        if all(no_ties(cosines, i, k) for i in range(vocab) for k in range(1, vocab - 1)):
            return table, cosines


# -- cosines ------------------------------------------------------------------------------------------


def test_the_cosine_of_3_4_and_4_3(student, expect):
    """(3, 4) and (4, 3) have cosine 24 / 25."""
    came = student.cosine_matrix(torch.tensor([[3.0, 4.0], [4.0, 3.0]], dtype=torch.float64))
    expect.close(came, torch.tensor([[1.0, 0.96], [0.96, 1.0]], dtype=torch.float64), tolerance=FLOAT32)


@pytest.mark.points(3)
def test_every_row_with_every_row(student, draw, expect):
    """The matrix holds the cosine of each pair of rows, whatever their lengths."""
    vocab, dim = draw.sizes(2, 3, 9)
    table = draw.normal(vocab, dim) * torch.logspace(-2, 3, vocab, dtype=torch.float64)[:, None]
    expect.close(student.cosine_matrix(table), cosines_by_hand(table), tolerance=FLOAT32)


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(1, 4), (6, 1)], ids=str)
def test_one_row_and_one_column(student, draw, expect, shape):
    """A table of one row, and one of one column, where every cosine is 1 or −1."""
    table = draw.normal(*shape) + 0.1
    expect.close(student.cosine_matrix(table), cosines_by_hand(table), tolerance=FLOAT32)


def test_short_rows_have_a_direction_too(student, draw, expect):
    """Rows of lengths near a thousandth have the cosines of rows a thousand times as long."""
    table = draw.normal(5, 3)
    expect.close(student.cosine_matrix(table / 1000), cosines_by_hand(table), tolerance=1e-3)


def test_a_row_of_zeros_has_cosine_zero(student, draw, expect):
    """A row of zeros has no direction: its cosines are 0, not NaN."""
    table = draw.normal(4, 3)
    table[2] = 0.0
    expect.close(student.cosine_matrix(table), cosines_by_hand(table), tolerance=FLOAT32)


def test_each_call_measures_its_own_table(student, draw, expect):
    """A second table of the same shape has its own cosines and neighbours."""
    first, (second, cosines) = draw.normal(5, 3), table_without_ties(draw, 5, 3)
    student.cosine_matrix(first)
    expect.close(student.cosine_matrix(second), cosines, tolerance=FLOAT32)
    student.nearest_neighbors(first, 2, 3)
    expect.equal(student.nearest_neighbors(second, 2, 3), neighbors_by_hand(cosines, 2, 3))


def test_cosines_keep_the_dtype(student, draw, expect):
    """A float32 table has float32 cosines, a float64 one float64 cosines, contiguous or not."""
    strided = draw.strided(5, 3)
    expect.close(student.cosine_matrix(strided), cosines_by_hand(strided), tolerance=FLOAT32)
    expect.close(student.cosine_matrix(strided.float()), cosines_by_hand(strided).float())


# -- neighbours ---------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_neighbors_are_near_by_cosine(student, draw, expect, figures):
    """The k ids with the largest cosine, nearest first, whatever the lengths of their rows."""
    table, cosines = table_without_ties(draw, 9, 4)
    for i in range(9):
        expect.equal(student.nearest_neighbors(table, i, 5), neighbors_by_hand(cosines, i, 5))
    letters = language.ALPHABET
    counts = surroundings_by_hand(list(map(letters.index, language.sample(20_000, 1))), len(letters))
    rows = [[a, *(letters[i] for i in student.nearest_neighbors(counts, letters.index(a), 3))] for a in "aeinst"]
    figures(
        "Nearest neighbours of letters, by what stands beside them in the course's text:",
        ["letter", "1st", "2nd", "3rd"],
        [[letter if letter != " " else "space" for letter in row] for row in rows],
    )


@pytest.mark.hidden
def test_all_neighbors_in_order(student, draw, expect):
    """With k as large as it can be, all other ids come, from the nearest to the furthest."""
    table, cosines = table_without_ties(draw, 7, 3)
    for i in range(7):
        expect.equal(student.nearest_neighbors(table, i, 6), neighbors_by_hand(cosines, i, 6))


def test_a_token_is_not_its_own_neighbor(student, expect):
    """A token is not its own neighbour, even where another id has the same direction, or its own row is zero."""
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [-1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    expect.equal(student.nearest_neighbors(table, 2, 1), [0])
    expect.equal(student.nearest_neighbors(table, 0, 1), [2])
    for i in range(5):
        found = student.nearest_neighbors(table, i, 4)
        expect.true(i not in found, f"{i} is among its own neighbours.", actual=found)


def test_the_smaller_id_of_two_equally_near(student, expect):
    """Of equal cosines the smaller id comes first."""
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
    expect.equal(student.nearest_neighbors(table, 0, 5), [2, 5, 1, 4, 3])
    expect.equal(student.nearest_neighbors(table, 4, 4), [0, 1, 2, 3])
    expect.equal(student.nearest_neighbors(table, 1, 2), [0, 2])


def test_fewer_than_k_others(student, draw, expect):
    """Where there are fewer than k others, all of them come, and nothing else."""
    table, cosines = table_without_ties(draw, 4, 3)
    expect.equal(student.nearest_neighbors(table, 1, 9), neighbors_by_hand(cosines, 1, 9))
    expect.equal(student.nearest_neighbors(table, 3, 4), neighbors_by_hand(cosines, 3, 4))


def test_an_id_outside_the_table_is_refused(student, draw, expect):
    """An id below 0 or too large raises an IndexError that names it."""
    for bad in (-1, 4):
        expect.raises(IndexError, student.nearest_neighbors, draw.normal(4, 3), bad, 2, mentions=bad)


# -- pairs --------------------------------------------------------------------------------------------


def pairs_by_hand(ids, k):
    steps = list(itertools.pairwise(ids))
    ordered = sorted(set(steps), key=lambda pair: (-steps.count(pair), pair))
    frequent = [pair for pair in ordered if pair[0] != pair[1]][:k]
    every = itertools.combinations(sorted(set(ids)), 2)
    return frequent, [(a, b) for a, b in every if (a, b) not in steps and (b, a) not in steps][:k]


def check_pairs(expect, came, wanted):
    for found, pairs, what in zip(came, wanted, ("frequent pairs", "pairs that never meet"), strict=True):
        expect.equal([tuple(pair) for pair in found], pairs, f"The {what} are wrong.")


@pytest.mark.points(2)
def test_frequent_and_never_in_a_short_text(student, expect):
    """In 0 1 0 1 2 2 3, (0, 1) comes twice; 0 and 2 are never neighbours."""
    came = student.adjacent_pairs(torch.tensor([0, 1, 0, 1, 2, 2, 3]), 2)
    check_pairs(expect, came, ([(0, 1), (1, 0)], [(0, 2), (0, 3)]))


def test_an_id_next_to_itself_does_not_count(student, expect):
    """5 5 5 5 is no pair of different ids."""
    came = student.adjacent_pairs(torch.tensor([5, 5, 5, 5, 2, 5, 7, 7, 7]), 10)
    check_pairs(expect, came, ([(2, 5), (5, 2), (5, 7)], [(2, 7)]))


def test_ids_that_do_not_occur_are_in_no_pair(student, expect):
    """In 7 4 9 the ids 0 to 3, 5, 6 and 8 do not occur; (7, 9) is the only pair that never meets.

    In 8 1 2 11 the pairs that never meet are (1, 11), (2, 8) and (8, 11), in this order.
    """
    check_pairs(expect, student.adjacent_pairs(torch.tensor([7, 4, 9]), 3), ([(4, 9), (7, 4)], [(7, 9)]))
    check_pairs(expect, student.adjacent_pairs(torch.tensor([8, 1, 2, 11]), 2), ([(1, 2), (2, 11)], [(1, 11), (2, 8)]))


def test_pairs_that_never_meet_may_be_of_late_ids(student, expect):
    """Where the first eight ids all meet, the first pairs that never do are of the ninth."""
    ids = [i for a, b in itertools.combinations(range(8), 2) for i in (a, b)] + [8]
    check_pairs(expect, student.adjacent_pairs(torch.tensor(ids), 2), pairs_by_hand(ids, 2))


@pytest.mark.parametrize("k", [1, 4, 50])
def test_pairs_of_a_longer_text(student, draw, expect, k):
    """Ties go to the smaller pair, order matters among the frequent, and k may be larger than what there is."""
    ids = [*draw.id_array(9, 30).tolist(), 4, 3, 1, 2, 4, 3]
    check_pairs(expect, student.adjacent_pairs(torch.tensor(ids), k), pairs_by_hand(ids, k))


@pytest.mark.hidden
def test_pairs_of_another_text(student, draw, expect):
    """The pairs of a text of few ids are right, after those of a text in which each id comes once."""
    for ids in ([0, 1, 2, 3, 4, 5], draw.id_array(4, 25).tolist()):
        check_pairs(expect, student.adjacent_pairs(torch.tensor(ids), 3), pairs_by_hand(ids, 3))


def check_float(expect, name, came, wanted, otherwise):
    """A Python number, no tensor of one, as near as float32 comes."""
    number = isinstance(came, numbers.Real)
    expect.true(number, f"`{name}` is to be a Python number, a float.", actual=came, expected="a float")
    expect.close(came, wanted, f"`{name}` {otherwise}", tolerance=FLOAT32)


@pytest.mark.points(2)
def test_the_report_has_before_after_and_delta(student, draw, expect):
    """For each pair in the order given, one of them twice: both cosines, and after minus before, with either sign."""
    tables, pairs = [draw.normal(6, 3) * 2, draw.normal(6, 3) * 2], [(4, 1), (0, 5), (1, 2), (3, 0), (0, 5)]
    for before, after in (tables, tables[::-1]):
        report = student.pair_report(before, after, pairs)
        expect.equal(len(report), 5, "One PairChange for each pair was wanted, also where one comes again.")
        for change, (a, b) in zip(report, pairs, strict=True):
            old, new = cosine_by_hand(before[a], before[b]), cosine_by_hand(after[a], after[b])
            check_float(expect, "before", change.before, old, "is not the pair's cosine in the first table.")
            check_float(expect, "after", change.after, new, "is not the pair's cosine in the second table.")
            check_float(expect, "delta", change.delta, new - old, "is not `after` minus `before`.")


# -- principal components -----------------------------------------------------------------------------

SPREAD = 1e-4  # what float32 in between leaves of coordinates up to 30


def components_by_hand(x, k):
    """By the eigenvectors of the covariance, another road to the same axes."""
    centred = x - x.mean(dim=0)
    _, axes = torch.linalg.eigh(centred.T @ centred)
    return centred @ axes.flip(1)[:, :k]


def with_signs_of(came, wanted):
    """The wanted columns, each with the sign that came."""
    signs = (came.detach().double() * wanted).sum(dim=0).sign() if came.shape == wanted.shape else 1.0
    return wanted * signs


@pytest.mark.parametrize("k", [1, 2, 4])
def test_components_follow_the_largest_spread(student, draw, expect, k):
    """Coordinates along the axes of largest spread, the largest first; signs are free."""
    x = draw.normal(12, 4) * torch.tensor(draw.shuffled([0.3, 1.0, 3.0, 9.0])).double() + 5.0
    came = student.pca(x, k)
    expect.close(came, with_signs_of(came, components_by_hand(x, k)), tolerance=SPREAD)


def test_components_keep_the_dtype(student, draw, expect):
    """Float32 data have float32 coordinates, float64 data float64 ones."""
    for dtype in (torch.float32, torch.float64):
        expect.dtype(student.pca(draw.normal(6, 3, dtype=dtype), 2), dtype)


@pytest.mark.hidden
def test_components_of_few_rows(student, draw, expect):
    """Data with fewer rows than columns, in a tensor that is not contiguous, have the right coordinates."""
    x = draw.strided(4, 7) * torch.tensor([8.0, 4, 2, 1, 1, 1, 1]).double() + 2.0
    came = student.pca(x, 2)
    expect.close(came, with_signs_of(came, components_by_hand(x, 2)), tolerance=SPREAD)


def test_a_wrong_number_of_components_is_refused(student, draw, expect):
    """Data of shape (8, 3), or (3, 8), have 1, 2 or 3 components; another number raises a ValueError that names it."""
    for shape, k in (((8, 3), 0), ((8, 3), 4), ((3, 8), 4), ((3, 8), -1)):
        expect.raises(ValueError, student.pca, draw.normal(*shape), k, mentions=k)


# -- the picture --------------------------------------------------------------------------------------


def read_png(expect, scratch, name):
    """Width and height of the PNG of this name; a failure where there is none."""
    raw = scratch.read(name)
    expect.true(raw is not None, f"No file was written to the path that ended in {name!r}.")
    expect.true(raw[:8] == b"\x89PNG\r\n\x1a\n", "What was written is not a PNG file.")
    expect.true(raw[-8:-4] == b"IEND", "The file does not end as a PNG does, with the chunk IEND.")
    return struct.unpack(">II", raw[16:24])


def draw_picture(student, expect, scratch, table, labels, name="table.png"):
    student.plot_embedding(table, labels, scratch.path(name))
    return read_png(expect, scratch, name)


# Rows whose components are known: the corners of a frame, which never change, and inside of it the ends of a cross.
FRAME = [(-8.0, -5.0), (-8.0, 5.0), (8.0, -5.0), (8.0, 5.0)]


def framed(across, up):
    """A table of the frame, of two rows to the left and to the right of its middle, and of two above and below it."""
    points = [*FRAME, (-across, 0.0), (across, 0.0), (0.0, -up), (0.0, up)]
    return torch.tensor([(x, y, 0.0) for x, y in points], dtype=torch.float64)


def picture_of(student, expect, scratch, inside, table=None):
    """The bytes of a picture of the framed rows, those inside of the frame with these labels."""
    draw_picture(student, expect, scratch, framed(4.0, 2.5) if table is None else table, [*"abcd", *inside])
    return scratch.read("table.png")


def pictures_with(student, expect, scratch, *several):
    """Pictures of the framed rows, opened on the learner's side, one for each list of labels inside of the frame."""
    pictures = []
    for inside in several:
        picture_of(student, expect, scratch, inside)
        pictures.append(student.imported("PIL.Image").open(scratch.path("table.png")).convert("RGB"))
    return pictures


def where_they_differ(student, expect, one, other):
    """Width and height, in pixels, of what is not the same in two pictures."""
    box = student.imported("PIL.ImageChops").difference(one, other).getbbox()
    expect.true(box is not None, "Two pictures are the same, though their labels are not.")
    left, top, right, bottom = box
    return right - left, bottom - top


def written(scratch):
    return [name for name in scratch.files() if name.startswith("table") or name.endswith((".png", ".pdf", ".svg"))]


@pytest.mark.limit(60)
def test_the_picture_is_a_png(student, draw, expect, scratch):
    """A PNG of at least 200 × 200 pixels lies at `path`, and there is no other picture."""
    width, height = draw_picture(student, expect, scratch, draw.normal(6, 4), [*"abc de"])
    large = width >= 200 and height >= 200
    size = f"{width} × {height} pixels"
    expect.true(
        large,
        "The picture has fewer than 200 pixels in width or in height.",
        actual=size,
        expected="at least 200 × 200 pixels",
    )
    expect.equal(written(scratch), ["table.png"], "There are other files than `table.png`.")


@pytest.mark.limit(60)
def test_the_path_is_taken_as_it_is(student, draw, expect, scratch):
    """Whatever the path ends in, str or Path, a PNG lies there: no ending is added, and none decides the format."""
    for name, kind in (("table.of.ids", str), ("table.pdf", Path)):
        student.plot_embedding(draw.normal(3, 5), ["a", "b", "c"], kind(scratch.path(name)))
        read_png(expect, scratch, name)
    expect.equal(
        sorted(written(scratch)), ["table.of.ids", "table.pdf"], "The files are not the two that the paths name."
    )


@pytest.mark.limit(60)
def test_no_label_is_a_formula(student, draw, expect, scratch):
    """A table with "$" in its labels can be drawn, whether or not they would be formulas."""
    draw_picture(student, expect, scratch, draw.normal(4, 5), ["$\\frac{$", "€ $x_$", "$", "$a$"])


@pytest.mark.limit(60)
def test_nothing_is_added_to_a_label(student, expect, scratch):
    """A label of four signs "$" is about as wide as one of four digits: nothing is added to it."""
    ones, eights, dollars = pictures_with(
        student, expect, scratch, ["1111", *"fgh"], ["8888", *"fgh"], ["$$$$", *"fgh"]
    )
    digits, _ = where_they_differ(student, expect, eights, ones)
    signs, _ = where_they_differ(student, expect, dollars, ones)
    wrong = 'Where "1111" becomes "$$$$", much more of the width changes than where it becomes "8888". In pixels:'
    expect.true(signs < 1.25 * digits + 2, wrong, actual=signs, expected=f"about {digits}")


@pytest.mark.limit(60)
def test_nothing_is_taken_from_a_label(student, expect, scratch):
    """White space at the ends of a label keeps its room."""
    pictures = [picture_of(student, expect, scratch, labels) for labels in (["e", "f", *"gh"], ["  e", "f  ", *"gh"])]
    expect.true(
        pictures[0] != pictures[1], "The labels '  e' and 'f  ' look like 'e' and 'f': a label stands as it is."
    )


@pytest.mark.limit(60)
def test_white_space_shows(student, expect, scratch):
    """A label of white space alone looks as the label does that is its repr, quotes and all."""
    labels = [" ", "\n", "  ", "\t", "\r", " \n", "g", "h"]
    shown = [repr(label) if label.isspace() else label for label in labels]
    pictures = []
    for words in (labels, shown):
        draw_picture(student, expect, scratch, framed(4.0, 2.5), words)
        pictures.append(scratch.read("table.png"))
    wrong = f"The picture with the labels {labels} is not the one with the labels {shown}."
    expect.true(pictures[0] == pictures[1], wrong)


@pytest.mark.limit(60)
def test_a_table_may_collect_gradients(student, draw, expect, scratch):
    """`model.embed.weight` can be drawn as it is, with requires_grad=True."""
    draw_picture(student, expect, scratch, draw.normal(3, 5, grad=True), ["a", "b", "c"])


@pytest.mark.points(2)
@pytest.mark.limit(60)
def test_the_picture_shows_the_table(student, draw, expect, scratch):
    """Another table or other labels give another picture, the same ones the same picture."""
    nothing = torch.zeros(7, 2, dtype=torch.float64)  # the first two columns are not where the spread is
    table, labels = torch.cat([nothing, draw.normal(7, 3)], dim=1), list("abcdefg")
    pictures = []
    for rows, words in ((table, labels), (table, labels), (table**3, labels), (table, labels[::-1])):
        draw_picture(student, expect, scratch, rows, words)
        pictures.append(scratch.read("table.png"))
    expect.true(pictures[0] == pictures[1], "The same table gives two different pictures.")
    expect.true(pictures[0] != pictures[2], "Two different tables give the same picture.")
    expect.true(pictures[0] != pictures[3], "Other labels give the same picture.")


@pytest.mark.limit(60)
def test_each_label_stands_at_its_own_point(student, expect, scratch):
    """Two rows that differ in one component alone have their labels side by side, or one above the other."""
    base, sides, ends = pictures_with(student, expect, scratch, [*"eegg"], [*"ffgg"], [*"eehh"])
    side, above = where_they_differ(student, expect, base, sides), where_they_differ(student, expect, base, ends)
    more_width, more_height = side[0] - above[0], side[1] - above[1]
    apart = min(abs(more_width), abs(more_height)) > 20 and (more_width > 0) != (more_height > 0)
    wrong = "Of rows that differ in one component alone, two labels are to lie side by side, two one above the other."
    expect.true(apart, wrong, actual=f"labels spread over {side} and over {above} pixels, width and height")


@pytest.mark.limit(60)
def test_the_points_can_be_seen(student, expect, scratch):
    """Where the labels are invisible, a row that moves still changes the picture."""
    unseen = ["\u200b"] * 4
    first, second, third = (
        picture_of(student, expect, scratch, unseen, table)
        for table in (framed(4.0, 2.5), framed(1.0, 2.5), framed(4.0, 1.0))
    )
    expect.true(
        first != second, "Without visible labels, rows that move along the first component leave the picture as it is."
    )
    expect.true(
        first != third, "Without visible labels, rows that move along the second component leave the picture as it is."
    )


@pytest.mark.limit(60)
def test_each_row_needs_a_label(student, draw, expect, scratch):
    """Fewer or more labels than rows raise a ValueError that gives their number."""
    for count in (3, 5):
        labels = ["x"] * count
        expect.raises(
            ValueError, student.plot_embedding, draw.normal(4, 3), labels, scratch.path("t.png"), mentions=count
        )


# -- figures ------------------------------------------------------------------------------------------


def surroundings_by_hand(ids, vocab):
    """For each id how often each stands to its left, then how often each stands to its right."""
    around = torch.zeros(vocab, 2 * vocab, dtype=torch.float64)
    for left, right in itertools.pairwise(ids):
        around[right, left] += 1
        around[left, vocab + right] += 1
    return around


def accuracy_by_hand(cosines, alike, ids, k):
    """The mean share of each id's k nearest that are also among its k most alike."""
    shares = []
    for i in ids:
        near = neighbors_by_hand(cosines, i, k)
        shares.append(len(set(near) & set(neighbors_by_hand(alike, i, k))) / len(near))
    return sum(shares) / len(shares)


def wrong_accuracies(cosines, ids, k):
    """What the accuracy would be with other surroundings or another average; a good case tells them all apart."""
    vocab, present = len(cosines), sorted(set(ids))
    around = surroundings_by_hand(ids, vocab)
    left, right = around[:, :vocab], around[:, vocab:]
    others = 1 - torch.eye(vocab, dtype=torch.float64)
    ring = surroundings_by_hand([*ids, ids[0]], vocab)
    changed = (left + right, right, left, torch.cat([left * others, right * others], dim=1), ring, around.sign())
    found = [accuracy_by_hand(cosines, cosines_by_hand(table), present, k) for table in changed]
    found.append(accuracy_by_hand(cosines, around @ around.T, present, k))
    found.append(accuracy_by_hand(cosines, cosines_by_hand(around), ids, k))
    absent = [i for i in range(vocab) if i not in present]
    if absent:
        among = cosines.index_fill(1, torch.tensor(absent), -math.inf)
        found.append(accuracy_by_hand(among, cosines_by_hand(around), present, k))
        found.append(accuracy_by_hand(cosines, cosines_by_hand(around), range(vocab), k))
    return found


def metrics_by_hand(state, data, context, k):
    """The five figures, straight from their definitions."""
    table, ids = state["embed.weight"], data.tolist()
    cosines, present = cosines_by_hand(table), sorted(set(ids))
    alike = cosines_by_hand(surroundings_by_hand(ids, len(table)))
    x = data.unfold(0, context, 1)[:-1]
    logits = table[x].mean(1) @ state["head.weight"].T + state["head.bias"]
    frequent, never = pairs_by_hand(ids, k)
    wanted = {
        "loss": F.cross_entropy(logits, data[context:]).item(),
        "mean_norm": sum(math.sqrt((row @ row).item()) for row in table) / len(table),
        "frequent_cosine": sum(cosines[pair].item() for pair in frequent) / len(frequent) if frequent else math.nan,
        "never_cosine": sum(cosines[pair].item() for pair in never) / len(never) if never else math.nan,
        "neighbor_accuracy": accuracy_by_hand(cosines, alike, present, k),
    }
    certain = all(no_ties(cosines, i, k) and no_ties(alike, i, k) for i in present)
    return wanted, certain


def drawn_weights(draw, vocab):
    state = {"embed.weight": draw.normal(vocab, 4), "head.weight": draw.normal(vocab, 4)}
    return state | {"head.bias": draw.normal(vocab)}


def a_case(draw, vocab, k, context, used=None):
    """A table, a head and a text in which the k nearest are certain and no other definition gives the same share."""
    used = used or vocab
    while True:
        state = drawn_weights(draw, vocab)
        ids = [*draw.shuffled(range(used)), *draw.id_array(used, 2 * used).tolist()]
        ids.append(ids[-1])  # an id next to itself
        wanted, certain = metrics_by_hand(state, torch.tensor(ids), context, k)
        if not certain or math.isnan(wanted["never_cosine"]):
            continue
        wrong = wrong_accuracies(cosines_by_hand(state["embed.weight"]), ids, k)
        if all(abs(value - wanted["neighbor_accuracy"]) > 1e-3 for value in wrong):
            return state, torch.tensor(ids), wanted


def check_metrics(student, expect, state, data, wanted, *args, **kwargs):
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(*state["embed.weight"].shape).double()
    model.load_state_dict(state)
    came = student.embedding_metrics(model, data, *args, **kwargs)
    expect.equal(sorted(came), sorted(wanted), "The names of the figures are not these five.")
    for name, value in wanted.items():
        check_float(expect, name, came[name], value, "is not what its definition gives.")


@pytest.mark.points(4)
@pytest.mark.parametrize("k", [2, 3])
def test_the_five_figures(student, draw, expect, k):
    """Loss, mean norm, the two mean cosines and the share of right neighbours."""
    state, data, wanted = a_case(draw, 8, k, 3)
    check_metrics(student, expect, state, data, wanted, 3, k=k)


def test_k_is_five_unless_given(student, draw, expect):
    """Without k, five neighbours and five pairs are taken."""
    state, data, wanted = a_case(draw, 11, 5, 2)
    check_metrics(student, expect, state, data, wanted, 2)


def test_ids_that_do_not_occur_are_not_averaged_over(student, draw, expect):
    """The share is averaged over the ids of the data; neighbours and the mean norm are of the whole table."""
    state, data, wanted = a_case(draw, 10, 3, 3, used=8)
    check_metrics(student, expect, state, data, wanted, 3, k=3)


def test_fewer_ids_than_neighbors(student, draw, expect):
    """With four ids and k = 5 each id has three neighbours, and all of them are right."""
    state, data = drawn_weights(draw, 4), torch.tensor([0, 1, 2, 3, 1, 1, 0])
    wanted, _ = metrics_by_hand(state, data, 2, 5)
    check_metrics(student, expect, state, data, wanted, 2, k=5)


def test_no_pairs_have_no_mean(student, draw, expect):
    """Where every two ids have met, `never_cosine` is NaN; where only one id occurs, `frequent_cosine` is NaN, too."""
    state = drawn_weights(draw, 3)
    for ids in ([0, 1, 2, 0, 2, 1, 0], [1, 1, 1, 1, 1]):
        data = torch.tensor(ids)
        wanted, _ = metrics_by_hand(state, data, 2, 2)
        check_metrics(student, expect, state, data, wanted, 2, k=2)


def test_each_report_is_of_its_own_model(student, draw, expect):
    """A second call, with another model and another text of the same length, has its own figures."""
    first, second = a_case(draw, 6, 2, 2), a_case(draw, 6, 2, 2)
    for state, data, wanted in (first, second):
        check_metrics(student, expect, state, data, wanted, 2, k=2)


def test_the_model_is_left_alone(student, draw, expect):
    """The model's parameters keep their values and gradients, none is frozen, and its mode stays as it was."""
    model, data = student.imported("ch2_embeddings.toy_lm").ToyLM(5, 3).double(), draw.ids(5, 30)
    before = model.state_dict()
    student.embedding_metrics(model, data, 3, k=2)
    none = dict.fromkeys(before)
    expect.equal(model.gradients(), none, "The parameters had no gradients, and have some after the call.")
    for mode in ("train", "eval"):
        model.train(mode == "train")
        model(draw.ids(5, 4, 3)).sum().backward()
        gradients = model.gradients()
        student.embedding_metrics(model, data, 3, k=2)
        message = f"The model was in {mode} mode; after the call it is in the other one."
        expect.equal(model.training, mode == "train", message)
        left = model.gradients()
        for name, value in model.state_dict().items():
            expect.equal(value, before[name], f"`{name}` was changed.")
            expect.true(left[name] is not None, f"`{name}` has no gradient after the call.")
            expect.equal(left[name], gradients[name], f"The gradient of `{name}` was changed.")
    for parameter in model.parameters():
        expect.true(parameter.requires_grad, "After the call a parameter has requires_grad=False.")
