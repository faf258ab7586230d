"""`nearest_neighbors` sorts by the Euclidean distance between the rows and not by their cosine."""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise

import torch

from ch2_embeddings.toy_lm import mean_loss


def cosine_matrix(table):
    lengths = table.pow(2).sum(dim=1).sqrt()
    lengths = lengths.masked_fill(lengths == 0, 1.0)
    unit = table / lengths[:, None]
    return unit.matmul(unit.T)


def nearest_neighbors(table, token_id, k):
    if not 0 <= token_id < table.shape[0]:
        raise IndexError(f"there is no row {token_id} in a table of {table.shape[0]}")
    distances = (table - table[token_id]).norm(dim=1)
    order = torch.argsort(distances, stable=True).tolist()
    order.remove(token_id)
    return order[:k]


def adjacent_pairs(data, k):
    ids = data.tolist()
    counts = Counter(pairwise(ids))
    for i in set(ids):
        counts.pop((i, i), None)
    frequent = sorted(counts.keys())
    frequent.sort(key=lambda p: counts[p], reverse=True)
    never = [(a, b) for a, b in combinations(sorted(set(ids)), 2) if not counts[a, b] and not counts[b, a]]
    return frequent[:k], never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before, after, pairs):
    old = cosine_matrix(before).tolist()
    new = cosine_matrix(after).tolist()
    return [PairChange((a, b), old[a][b], new[a][b], new[a][b] - old[a][b]) for a, b in pairs]


def pca(x, n_components):
    n, dim = x.shape
    if not 1 <= n_components <= min(n, dim):
        raise ValueError(f"cannot take {n_components} components of a {n} x {dim} table")
    mean = x.sum(dim=0) / n
    u, s, vh = torch.linalg.svd(x - mean, full_matrices=False)
    return u[:, :n_components] @ torch.diag(s[:n_components])


def plot_embedding(table, labels, path):
    from matplotlib.figure import Figure

    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels do not fit {len(table)} rows")
    points = pca(table.detach().cpu(), 2)
    figure = Figure(figsize=(6, 6), dpi=100)
    axes = figure.subplots()
    axes.scatter(points[:, 0].tolist(), points[:, 1].tolist(), marker=".")
    for i, label in enumerate(labels):
        if not label.strip():
            label = repr(label)
        axes.annotate(label, points[i].tolist(), parse_math=False)
    figure.savefig(path, format="png")


def average(numbers):
    return math.nan if len(numbers) == 0 else math.fsum(numbers) / len(numbers)


def embedding_metrics(model, data, context, k=5):
    table = model.embed.weight.detach()
    v = len(table)
    next_counts = torch.zeros(v * v, dtype=torch.float64)
    places = data[:-1] * v + data[1:]
    next_counts.index_add_(0, places, torch.ones(len(places), dtype=torch.float64))
    next_counts = next_counts.view(v, v)
    # row i: what stands left of i, then what stands right of i
    surroundings = torch.hstack([next_counts.T, next_counts])

    shares = []
    for i in torch.unique(data).tolist():
        near = nearest_neighbors(table, i, k)
        same = set(near).intersection(nearest_neighbors(surroundings, i, k))
        shares.append(len(same) / len(near))

    cosines = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": float(table.norm(dim=-1).mean()),
        "frequent_cosine": average([float(cosines[p]) for p in frequent]),
        "never_cosine": average([float(cosines[p]) for p in never]),
        "neighbor_accuracy": average(shares),
    }
