"""NumPy for the linear algebra, eigenvectors for PCA, pyplot for the picture, dictionaries for the counts."""

import math
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

from ch2_embeddings.toy_lm import ToyLM, mean_loss  # noqa: F401


def cosine_matrix(table):
    return F.cosine_similarity(table[:, None], table[None], dim=-1, eps=1e-30)


def nearest_neighbors(table, token_id, k):
    if token_id not in range(len(table)):
        raise IndexError(f"there is no row {token_id}")
    row = cosine_matrix(table)[token_id].numpy().copy()
    row[token_id] = -np.inf
    return [int(i) for i in np.argsort(-row, kind="stable")[: min(k, len(table) - 1)]]


def adjacent_pairs(data, k):
    size = int(data.max()) + 1
    counts = torch.zeros(size, size, dtype=torch.int64)
    counts.index_put_((data[:-1], data[1:]), torch.tensor(1), accumulate=True)
    found = [(-int(counts[a, b]), a, b) for a in range(size) for b in range(size) if a != b and counts[a, b]]
    either = counts + counts.T
    there = set(data.tolist())
    never = [(a, b) for a in range(size) for b in range(a + 1, size) if {a, b} <= there and not either[a, b]]
    return [(a, b) for _, a, b in sorted(found)[:k]], never[:k]


class _Change:
    def __init__(self, before, after):
        self.before, self.after, self.delta = before, after, after - before


def pair_report(before, after, pairs):
    def cosine(table, a, b):
        return float(F.cosine_similarity(table[a], table[b], dim=0))

    return [_Change(cosine(before, a, b), cosine(after, a, b)) for a, b in pairs]


def pca(x, n_components):
    if n_components < 1 or n_components > min(x.shape):
        raise ValueError(f"n_components={n_components}")
    values = x.detach().numpy().astype(np.float64)
    values = values - values.mean(axis=0)
    _, axes = np.linalg.eigh(values.T @ values)
    return torch.from_numpy((values @ axes[:, ::-1])[:, :n_components].copy()).to(x.dtype)


def plot_embedding(table, labels, path):
    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels, {len(table)} rows")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    points = pca(table, 2).numpy()
    figure, ax = plt.subplots()
    ax.plot(points[:, 0], points[:, 1], "o")
    for (x, y), label in zip(points, labels, strict=True):
        ax.text(x, y, repr(label) if label.isspace() else label, parse_math=False)
    with open(path, "wb") as file:
        figure.savefig(file, format="png")
    plt.close(figure)


def embedding_metrics(model, data, context, k=5):
    table = model.state_dict()["embed.weight"]
    sides = [defaultdict(float), defaultdict(float)]
    for left, right in zip(data.tolist(), data.tolist()[1:], strict=False):
        sides[0][right, left] += 1
        sides[1][left, right] += 1
    around = torch.tensor(
        [[side[i, j] for side in sides for j in range(len(table))] for i in range(len(table))], dtype=torch.float64
    )
    shares = []
    for i in sorted(set(data.tolist())):
        first, second = nearest_neighbors(table, i, k), nearest_neighbors(around, i, k)
        shares.append(sum(j in second for j in first) / len(first))
    frequent, never = adjacent_pairs(data, k)
    cosines = cosine_matrix(table).numpy()
    return {
        "neighbor_accuracy": float(np.mean(shares)),
        "never_cosine": float(np.mean([cosines[p] for p in never])) if never else math.nan,
        "frequent_cosine": float(np.mean([cosines[p] for p in frequent])),
        "mean_norm": float(np.linalg.norm(table.numpy(), axis=1).mean()),
        "loss": mean_loss(model, data, context),
    }
