"""# The geometry of a table

**Which tokens has a trained model placed close together?** The dot product alone misleads: it takes (5, 5) for
closer to (1, 0) than (0.9, 0.1), only because (5, 5) is long.

A trained table is a cloud of points, one for each id. Training decides which points lie close together. This
exercise measures the cloud and draws it.

The direction of a vector matters more than its length, so closeness is measured by the *cosine*: the dot product of
two vectors, divided by both of their lengths. It is 1 for the same direction and 0 for a right angle. Principal
component analysis (PCA) shows a table of many dimensions on paper. It turns the table so that the first axis has the
largest spread, and the second axis the next largest.

`embedding_metrics` measures what a toy language model has learned. It asks two questions. How close are ids that
often stand side by side, and how close are ids that never do? Are the nearest ids in the table those that have the same
neighbours in the text?

| name | shape |
|---|---|
| `table` | `(vocab, dim)`, one row per id |
| `data` | `(n,)`, int64, a text as token ids |
| cosines | `(vocab, vocab)` |
| coordinates | `(vocab, n_components)` |

By hand: the rows (3, 4) and (4, 3) have length 5 and dot product 24, so their cosine is 24 / 25 = 0.96.

Sources: Deerwester, Dumais, Furnas, Landauer and Harshman, *Indexing by Latent Semantic Analysis*, 1990, for cosines
and SVD; Pearson, *On Lines and Planes of Closest Fit to Systems of Points in Space*, 1901, for PCA.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Float[Tensor, "vocab dim"]) -> Float[Tensor, "vocab vocab"]:
    """The cosine of every row with every row, in the table's dtype.

    A row of zeros has cosine 0 with every row, also with itself.

    >>> cosine_matrix(torch.tensor([[3.0, 4.0], [4.0, 3.0], [0.0, 0.0]]))
    tensor([[1.0000, 0.9600, 0.0000],
            [0.9600, 1.0000, 0.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    # TODO: divide each row by its length. Take care of rows of zeros.
    # TODO: one matrix product gives all the dot products.
    lengths = table.norm(dim=1, keepdim=True)
    unit = table / lengths.where(lengths > 0, 1.0)
    return unit @ unit.T


def nearest_neighbors(table: Float[Tensor, "vocab dim"], token_id: int, k: int) -> list[int]:
    """The k ids whose rows have the largest cosine with the row of `token_id`, the nearest first.

    `token_id` itself is left out. Of equal cosines the smaller id comes first. If there are fewer than k other ids, all
    of them are returned. A `token_id` that is not in the table, also a negative one, raises an `IndexError` whose
    message gives it.

    >>> nearest_neighbors(torch.tensor([[1.0, 0.0], [-1.0, 0.1], [2.0, 0.5]]), token_id=0, k=2)
    [2, 1]
    """
    # TODO: reject ids outside the table.
    # TODO: sort the ids by the token's row of the cosine matrix, drop the token itself, keep k.
    if not 0 <= token_id < len(table):
        raise IndexError(f"id {token_id} is not in a table of {len(table)} rows")
    order = cosine_matrix(table)[token_id].sort(descending=True, stable=True).indices.tolist()
    return [i for i in order if i != token_id][:k]


def adjacent_pairs(data: Int[Tensor, "n"], k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Two lists of at most k pairs of different ids: `(frequent, never)`.

    `frequent`: the pairs (a, b) for which b most often comes directly after a, the most frequent first. Of equally
    frequent pairs the smaller pair comes first. (1, 2) and (2, 1) are two different pairs. An id next to itself does
    not count.

    `never`: the first k pairs with a < b, in the order (0, 1), (0, 2), ..., (1, 2), ... Both ids of a pair occur in
    `data`, and neither of them ever comes directly after the other.

    >>> adjacent_pairs(torch.tensor([0, 1, 0, 1, 2, 2, 3]), k=2)
    ([(0, 1), (1, 0)], [(0, 2), (0, 3)])
    """
    # TODO: count the ordered neighbours that differ, and sort them by count, then by pair.
    # TODO: go through the pairs a < b of ids that occur, and keep those seen in neither order.
    ids = data.tolist()
    counts = Counter((a, b) for a, b in pairwise(ids) if a != b)
    frequent = sorted(counts, key=lambda pair: (-counts[pair], pair))[:k]
    present = sorted(set(ids))
    pairs = ((a, b) for a in present for b in present if a < b)
    never = [(a, b) for a, b in pairs if (a, b) not in counts and (b, a) not in counts][:k]
    return frequent, never


@dataclass(frozen=True)
class PairChange:
    """How the cosine of a pair of ids changed: `delta` is `after` minus `before`."""

    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(
    before: Float[Tensor, "vocab dim"], after: Float[Tensor, "vocab dim"], pairs: list[tuple[int, int]]
) -> list[PairChange]:
    """For each pair of ids, in the order given: its cosine `before` training, its cosine `after` it, and the change.

    >>> pair_report(torch.eye(2), torch.tensor([[0.0, 1.0], [0.0, 2.0]]), [(0, 1)])[0].delta
    1.0
    """
    # TODO: look the pairs up in the cosine matrices of both tables; a PairChange holds Python floats.
    old, new = cosine_matrix(before), cosine_matrix(after)
    changes = []
    for a, b in pairs:
        x, y = old[a, b].item(), new[a, b].item()
        changes.append(PairChange((a, b), before=x, after=y, delta=y - x))
    return changes


def pca(x: Float[Tensor, "n dim"], n_components: int) -> Float[Tensor, "n n_components"]:
    """The coordinates of the rows of `x` along the axes of largest spread, the largest first.

    Centre the data: subtract the mean of each column. Take the singular value decomposition U S Vᵀ. The coordinates are
    the first columns of U S. The sign of each column is free. The result has the dtype of `x`. `n_components` below 1
    or above min(n, dim) raises a `ValueError` whose message gives it.

    >>> pca(torch.tensor([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0]]), n_components=1).abs()
    tensor([[2.0000],
            [0.0000],
            [2.0000]])
    """
    # TODO: reject a number of components that the data does not have.
    # TODO: centre, decompose with torch.linalg.svd(..., full_matrices=False), return the coordinates.
    if not 1 <= n_components <= min(x.shape):
        raise ValueError(f"data of shape {tuple(x.shape)} has 1 to {min(x.shape)} components, not {n_components}")
    u, s, _ = torch.linalg.svd(x - x.mean(dim=0), full_matrices=False)
    return u[:, :n_components] * s[:n_components]


def plot_embedding(table: Float[Tensor, "vocab dim"], labels: list[str], path: str | Path) -> None:
    """Draw the rows of `table` as points in the plane (their first two principal components), each with its label.

    Writes a PNG of at least 200 × 200 pixels to `path`, and no other file. The ending of `path` does not matter, and no
    display is needed. A label is drawn as it is: "$" starts no formula. A label of white space alone is drawn as its
    `repr`, such as `' '` or `'\\n'`. The table may require gradients. If there are not as many labels as rows, a
    `ValueError` gives the number of labels.
    """
    # TODO: reject a wrong number of labels.
    # TODO: make a matplotlib.figure.Figure (that needs no display), scatter the points, and write each label beside
    #       its point with ax.annotate(label, point, parse_math=False); use repr(label) for white space.
    # TODO: savefig with format="png".
    from matplotlib.figure import Figure

    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels for {len(table)} rows")
    points = pca(table.detach().cpu(), 2).tolist()
    figure = Figure(figsize=(7, 7))
    ax = figure.add_subplot(title="The embedding, seen from its two widest directions")
    ax.scatter(*zip(*points, strict=True), s=12)
    for label, point in zip(labels, points, strict=True):
        text = label if label.strip() else repr(label)
        ax.annotate(text, point, xytext=(3, 3), textcoords="offset points", parse_math=False)
    ax.set(xlabel="component 1", ylabel="component 2", aspect="equal")
    figure.savefig(path, format="png", dpi=120)


def embedding_metrics(model: ToyLM, data: Int[Tensor, "n"], context: int, k: int = 5) -> dict[str, float]:
    """What a `ToyLM` has learned from `data`, in five figures. The table is `model.embed.weight`.

    - `loss`: your `mean_loss`, the mean cross-entropy over every window of `data`.
    - `mean_norm`: the mean length of the table's rows. All rows count.
    - `frequent_cosine`, `never_cosine`: the mean cosine over the two lists of `adjacent_pairs(data, k)`. It is NaN
      where a list is empty.
    - `neighbor_accuracy`: how well closeness in the table agrees with the text. The surroundings of an id are a vector
      of 2 · vocab counts: first how often each id stands directly to its left, then how often each id stands directly
      to its right. Each id that occurs in `data` has two lists of `nearest_neighbors`, its k nearest ids in the table
      and its k nearest ids by the surroundings. Both are taken among all ids, and they are shorter than k if there are
      fewer others. The id's share is the part of the first list that is also in the second. The figure is the mean
      share of these ids.

    The model is not changed.
    """
    # TODO: take the table without its gradient, and count left and right neighbours into (vocab, vocab) tables.
    # TODO: compute the five figures as Python floats, with the functions above.
    table = model.embed.weight.detach()
    cosines = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)
    follows = torch.zeros(len(table), len(table), dtype=torch.float64)
    for a, b in zip(data[:-1].tolist(), data[1:].tolist(), strict=True):
        follows[a, b] += 1
    surroundings = torch.cat([follows.T, follows], dim=1)
    shares = []
    for i in data.unique().tolist():
        near = nearest_neighbors(table, i, k)
        shares.append(len({*near} & {*nearest_neighbors(surroundings, i, k)}) / len(near))
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": table.norm(dim=1).mean().item(),
        "frequent_cosine": _mean([cosines[pair].item() for pair in frequent]),
        "never_cosine": _mean([cosines[pair].item() for pair in never]),
        "neighbor_accuracy": _mean(shares),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
