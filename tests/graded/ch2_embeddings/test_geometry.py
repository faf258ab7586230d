"""Cosines, neighbours, pairs, principal components, the picture, and the figures of a trained table."""

import itertools
import math
import struct

import pytest
import torch
import torch.nn.functional as F


def cosine_by_hand(a, b):
    """The cosine of two vectors, number by number."""
    dot = sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    lengths = math.sqrt(sum(x * x for x in a.tolist())) * math.sqrt(sum(y * y for y in b.tolist()))
    return dot / lengths if lengths else 0.0


def cosines_by_hand(table):
    return torch.tensor([[cosine_by_hand(a, b) for b in table] for a in table], dtype=torch.float64)


def neighbors_by_hand(cosines, i, k):
    return sorted((j for j in range(len(cosines)) if j != i), key=lambda j: -cosines[i][j])[:k]


def no_ties(cosines, i, k):
    """Whether it is certain which are the k nearest: the next one is clearly further away."""
    ordered = sorted((c for j, c in enumerate(cosines[i].tolist()) if j != i), reverse=True)
    return ordered[k - 1] - ordered[k] > 1e-6


# -- cosines ------------------------------------------------------------------------------------------


def test_the_cosine_of_3_4_and_4_3(student, expect):
    """(3, 4) and (4, 3) have cosine 24 / 25."""
    came = student.cosine_matrix(torch.tensor([[3.0, 4.0], [4.0, 3.0]], dtype=torch.float64))
    expect.close(came, torch.tensor([[1.0, 0.96], [0.96, 1.0]], dtype=torch.float64))


def test_every_row_with_every_row(student, draw, expect):
    """The matrix holds the cosine of each pair of rows, whatever their lengths."""
    vocab, dim = draw.sizes(2, 3, 9)
    table = draw.normal(vocab, dim) * torch.logspace(-4, 3, vocab, dtype=torch.float64)[:, None]
    expect.close(student.cosine_matrix(table), cosines_by_hand(table))


def test_a_row_of_zeros_has_cosine_zero(student, draw, expect):
    """A row of zeros has no direction: its cosines are 0, not NaN."""
    table = draw.normal(4, 3)
    table[2] = 0.0
    expect.close(student.cosine_matrix(table), cosines_by_hand(table))


@pytest.mark.hidden
def test_cosines_of_strided_and_float32_tables(student, draw, expect):
    """A table that is not contiguous, and one in float32, which stays float32."""
    strided = draw.strided(5, 3)
    expect.close(student.cosine_matrix(strided), cosines_by_hand(strided))
    expect.close(student.cosine_matrix(strided.float()), cosines_by_hand(strided).float())


# -- neighbours ---------------------------------------------------------------------------------------


def test_neighbors_are_near_by_cosine(student, draw, expect):
    """The k ids with the largest cosine, nearest first, whatever the lengths of their rows."""
    table = draw.normal(9, 4) * torch.tensor(draw.shuffled([0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 20])).double()[:, None]
    cosines = cosines_by_hand(table)
    for i in (0, 4, 8):
        expect.equal(student.nearest_neighbors(table, i, 3), neighbors_by_hand(cosines, i, 3))


def test_a_token_is_not_its_own_neighbor(student, expect):
    """Even where another id has the same direction, or the token's own row is zero."""
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [-1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    expect.equal(student.nearest_neighbors(table, 2, 1), [0])
    expect.equal(student.nearest_neighbors(table, 0, 1), [2])
    expect.equal(student.nearest_neighbors(table, 0, 4), [2, 1, 4, 3])
    expect.equal(student.nearest_neighbors(table, 4, 4), [0, 1, 2, 3])


@pytest.mark.hidden
def test_fewer_than_k_others(student, draw, expect):
    """Where there are fewer than k others, all of them come."""
    table = draw.normal(4, 3)
    expect.equal(student.nearest_neighbors(table, 1, 9), neighbors_by_hand(cosines_by_hand(table), 1, 9))


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [-1, 4])
def test_an_id_outside_the_table_is_refused(student, draw, expect, bad):
    """An id below 0 or too large raises an IndexError that names it."""
    expect.raises(IndexError, student.nearest_neighbors, draw.normal(4, 3), bad, 2, mentions=bad)


# -- pairs --------------------------------------------------------------------------------------------


def pairs_by_hand(ids, k):
    steps = list(itertools.pairwise(ids))
    ordered = sorted(set(steps), key=lambda pair: (-steps.count(pair), pair))
    frequent = [pair for pair in ordered if pair[0] != pair[1]][:k]
    every = itertools.combinations(sorted(set(ids)), 2)
    return frequent, [(a, b) for a, b in every if (a, b) not in steps and (b, a) not in steps][:k]


def test_frequent_and_never_in_a_short_text(student, expect):
    """In 0 1 0 1 2 2 3, (0, 1) comes twice; 0 and 2 are never neighbours."""
    frequent, never = student.adjacent_pairs(torch.tensor([0, 1, 0, 1, 2, 2, 3]), 2)
    expect.equal(frequent, [(0, 1), (1, 0)], "The frequent pairs are wrong.")
    expect.equal(never, [(0, 2), (0, 3)], "The pairs that never meet are wrong.")


def test_an_id_next_to_itself_does_not_count(student, expect):
    """5 5 5 5 is no pair of different ids, and ids that do not occur are in no list."""
    frequent, never = student.adjacent_pairs(torch.tensor([5, 5, 5, 5, 2, 5, 7, 7, 7]), 10)
    expect.equal(frequent, [(2, 5), (5, 2), (5, 7)], "The frequent pairs are wrong.")
    expect.equal(never, [(2, 7)], "The pairs that never meet are wrong.")


@pytest.mark.parametrize("k", [1, 4, 50])
def test_pairs_of_a_longer_text(student, draw, expect, k):
    """Ties go to the smaller pair, order matters among the frequent, and k may be larger than what there is."""
    ids = draw.ids(9, 30)
    frequent, never = student.adjacent_pairs(ids, k)
    wanted = pairs_by_hand(ids.tolist(), k)
    expect.equal(frequent, wanted[0], "The frequent pairs are wrong.")
    expect.equal(never, wanted[1], "The pairs that never meet are wrong.")


def test_the_report_has_before_after_and_delta(student, draw, expect):
    """For each pair in the order given: both cosines, and after minus before."""
    before, after, pairs = draw.normal(6, 3), draw.normal(6, 3), [(4, 1), (0, 5), (1, 2)]
    report = student.pair_report(before, after, pairs)
    expect.equal(len(report), 3, "One PairChange for each pair was wanted.")
    for change, (a, b) in zip(report, pairs, strict=True):
        old, new = cosine_by_hand(before[a], before[b]), cosine_by_hand(after[a], after[b])
        expect.close(change.before, old, "`before` is not the pair's cosine in the first table.")
        expect.close(change.after, new, "`after` is not the pair's cosine in the second table.")
        expect.close(change.delta, new - old, "`delta` is not `after` minus `before`.")


# -- principal components -----------------------------------------------------------------------------


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
    expect.close(came, with_signs_of(came, components_by_hand(x, k)))


@pytest.mark.hidden
def test_components_of_few_rows(student, draw, expect):
    """Fewer rows than columns, not contiguous."""
    x = draw.strided(4, 7) * torch.tensor([8.0, 4, 2, 1, 1, 1, 1]).double() + 2.0
    came = student.pca(x, 2)
    expect.close(came, with_signs_of(came, components_by_hand(x, 2)))


@pytest.mark.parametrize("k", [0, 4])
def test_a_wrong_number_of_components_is_refused(student, draw, expect, k):
    """Data of shape (8, 3) has 1, 2 or 3 components."""
    expect.raises(ValueError, student.pca, draw.normal(8, 3), k, mentions=k)


# -- the picture --------------------------------------------------------------------------------------


def read_png(expect, scratch, name):
    """Width and height of the PNG of this name; a failure where there is none."""
    raw = scratch.read(name)
    expect.true(raw is not None, f"No file was written to the path that ended in {name!r}.")
    expect.true(raw[:8] == b"\x89PNG\r\n\x1a\n", "What was written is not a PNG file.")
    expect.true(raw[-8:-4] == b"IEND", "The PNG is cut off.")
    return struct.unpack(">II", raw[16:24])


@pytest.mark.limit(60)
def test_the_picture_is_a_png(student, draw, expect, scratch):
    """A PNG of at least 200 × 200 pixels lies at `path`, and there is no other picture."""
    student.plot_embedding(draw.normal(6, 4), [*"abc $", "\n"], scratch.path("table.png"))
    width, height = read_png(expect, scratch, "table.png")
    expect.less(199, min(width, height), "The picture is too small to read; its shorter side in pixels:")
    pictures = [name for name in scratch.files() if name.startswith("table") or name.endswith((".png", ".pdf", ".svg"))]
    expect.equal(pictures, ["table.png"], "Other files were written beside it.")


@pytest.mark.hidden
@pytest.mark.limit(60)
def test_the_path_and_the_labels_are_taken_as_they_are(student, draw, expect, scratch):
    """No ending is added to the path, no label is read as a formula, and a table may still collect gradients."""
    student.plot_embedding(draw.normal(3, 5, grad=True), ["$\\frac{$", "€ $x_$", " "], scratch.path("table.of.ids"))
    read_png(expect, scratch, "table.of.ids")
    expect.equal([name for name in scratch.files() if name.startswith("table")], ["table.of.ids"], "Other files:")


@pytest.mark.limit(60)
def test_the_picture_shows_the_table(student, draw, expect, scratch):
    """Another table or other labels give another picture, the same ones the same picture."""
    table, labels = draw.normal(7, 3), list("abcdefg")
    pictures = []
    for rows, words in ((table, labels), (table, labels), (table**3, labels), (table, labels[::-1])):
        student.plot_embedding(rows, words, scratch.path("table.png"))
        read_png(expect, scratch, "table.png")
        pictures.append(scratch.read("table.png"))
    expect.true(pictures[0] == pictures[1], "The same table gives two different pictures.")
    expect.true(pictures[0] != pictures[2], "Two different tables give the same picture.")
    expect.true(pictures[0] != pictures[3], "Other labels give the same picture.")


@pytest.mark.hidden
@pytest.mark.parametrize("count", [3, 5])
def test_each_row_needs_a_label(student, draw, expect, scratch, count):
    """Fewer or more labels than rows raise a ValueError that gives their number."""
    expect.raises(
        ValueError, student.plot_embedding, draw.normal(4, 3), ["x"] * count, scratch.path("t.png"), mentions=count
    )


# -- figures ------------------------------------------------------------------------------------------


def metrics_by_hand(state, data, context, k):
    """The five figures, straight from their definitions."""
    table, ids = state["embed.weight"], data.tolist()
    cosines = cosines_by_hand(table)
    vocab = len(table)
    around = torch.zeros(vocab, 2 * vocab, dtype=torch.float64)
    for place, i in enumerate(ids):
        if place > 0:
            around[i, ids[place - 1]] += 1
        if place + 1 < len(ids):
            around[i, vocab + ids[place + 1]] += 1
    alike = cosines_by_hand(around)
    shares = []
    for i in sorted(set(ids)):
        near = neighbors_by_hand(cosines, i, k)
        shares.append(len(set(near) & set(neighbors_by_hand(alike, i, k))) / len(near))
    x = data.unfold(0, context, 1)[:-1]
    logits = table[x].mean(1) @ state["head.weight"].T + state["head.bias"]
    frequent, never = pairs_by_hand(ids, k)
    return {
        "loss": F.cross_entropy(logits, data[context:]).item(),
        "mean_norm": sum(math.sqrt((row @ row).item()) for row in table) / vocab,
        "frequent_cosine": sum(cosines[pair].item() for pair in frequent) / len(frequent),
        "never_cosine": sum(cosines[pair].item() for pair in never) / len(never) if never else math.nan,
        "neighbor_accuracy": sum(shares) / len(shares),
    }, all(no_ties(cosines, i, k) and no_ties(alike, i, k) for i in set(ids))


def a_case(draw, vocab, k, context, used=None):
    """A table, a head and a text in which it is certain which ids are the k nearest."""
    used = used or vocab
    wanted, certain = {}, False
    while not certain:
        state = {"embed.weight": draw.normal(vocab, 4), "head.weight": draw.normal(vocab, 4)}
        state["head.bias"] = draw.normal(vocab)
        apart = {frozenset(draw.sizes(2, 0, used - 1)) for _ in range(6)}  # these never meet
        ids = list(range(used))
        ids = [i for n, i in enumerate(ids) if n == 0 or frozenset(ids[n - 1 : n + 1]) not in apart]
        taste = draw.array(used, used)
        for _ in range(150):
            likes = [j for j in range(used) if frozenset((ids[-1], j)) not in apart]
            first, second = draw.choice(likes), draw.choice(likes)
            ids.append(first if taste[ids[-1], first] > taste[ids[-1], second] else second)
        if len(set(ids)) == used and pairs_by_hand(ids, k)[1]:
            wanted, certain = metrics_by_hand(state, torch.tensor(ids), context, k)
    return state, torch.tensor(ids), wanted


def check_metrics(student, expect, state, data, wanted, *args, **kwargs):
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(*state["embed.weight"].shape).double()
    model.load_state_dict(state)
    came = student.embedding_metrics(model, data, *args, **kwargs)
    expect.equal(sorted(came), sorted(wanted), "The figures do not have the five names.")
    for name, value in wanted.items():
        expect.close(came[name], value, f"`{name}` is not what its definition gives.")


@pytest.mark.parametrize("k", [2, 3])
def test_the_five_figures(student, draw, expect, k):
    """Loss, mean norm, the two mean cosines and the share of right neighbours."""
    state, data, wanted = a_case(draw, 8, k, 3)
    check_metrics(student, expect, state, data, wanted, 3, k=k)


@pytest.mark.hidden
def test_k_is_five_unless_given(student, draw, expect):
    """Without k, five neighbours and five pairs are taken."""
    state, data, wanted = a_case(draw, 11, 5, 2)
    check_metrics(student, expect, state, data, wanted, 2)


@pytest.mark.hidden
def test_ids_that_do_not_occur_are_not_averaged_over(student, draw, expect):
    """The share of right neighbours is averaged over the ids of the data; the norm over the whole table."""
    state, data, wanted = a_case(draw, 9, 2, 3, used=7)
    check_metrics(student, expect, state, data, wanted, 3, k=2)


@pytest.mark.hidden
def test_no_pair_that_never_meets(student, expect):
    """Where every two ids have met, `never_cosine` is NaN."""
    model = student.imported("ch2_embeddings.toy_lm").ToyLM(3, 4).double()
    came = student.embedding_metrics(model, torch.tensor([0, 1, 2, 0, 2, 1, 0]), 2, k=2)
    expect.true(math.isnan(came["never_cosine"]), "The mean over no pairs is NaN.", actual=came["never_cosine"])
