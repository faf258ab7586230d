"""Cosines one by one with math, Gram matrix in place of the data's own decomposition, dictionaries of surroundings."""

import math
from dataclasses import dataclass

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import ch2_embeddings.toy_lm as toy_lm


def cosine(u, v):
    lengths = math.hypot(*u) * math.hypot(*v)
    return sum(p * q for p, q in zip(u, v, strict=True)) / lengths if lengths else 0.0


def cosine_matrix(table):
    rows = table.tolist()
    return torch.tensor([[cosine(u, v) for v in rows] for u in rows], dtype=table.dtype)


def nearest_neighbors(table, token_id, k):
    if token_id < 0 or token_id >= len(table):
        raise IndexError(str(token_id))
    similar = cosine_matrix(table)[token_id].clone()
    similar[token_id] = -torch.inf
    order = torch.argsort(similar, descending=True, stable=True)
    return order[: min(k, len(table) - 1)].tolist()


def adjacent_pairs(data, k):
    ids = data.tolist()
    count = {}
    for i in range(len(ids) - 1):
        if ids[i] != ids[i + 1]:
            count[ids[i], ids[i + 1]] = count.get((ids[i], ids[i + 1]), 0) + 1
    frequent = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    never = []
    known = sorted(set(ids))
    for a in known:
        for b in known:
            if b > a and (a, b) not in count and (b, a) not in count:
                never.append((a, b))
    return [pair for pair, _ in frequent[:k]], never[:k]


@dataclass
class PairChange:
    pair: tuple
    before: float
    after: float

    @property
    def delta(self):
        return self.after - self.before


def pair_report(before, after, pairs):
    old, new = before.tolist(), after.tolist()
    return [PairChange((a, b), cosine(old[a], old[b]), cosine(new[a], new[b])) for a, b in pairs]


def pca(x, n_components):
    n, dim = x.size()
    if n_components > min(n, dim) or n_components < 1:
        raise ValueError("%d components of data %s" % (n_components, tuple(x.shape)))
    centred = torch.sub(x, torch.mean(x, dim=0))
    values, vectors = torch.linalg.eigh(torch.mm(centred, centred.t()))
    return torch.flip(vectors * values.clamp(min=0).sqrt(), dims=[1])[:, :n_components]


def plot_embedding(table, labels, path):
    if len(labels) != table.size(0):
        raise ValueError(f"got {len(labels)} labels")
    with torch.no_grad():
        points = pca(table, 2).numpy()
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.scatter(*points.T, s=4)
    for point, label in zip(points, labels, strict=True):
        axes.annotate(repr(label) if not label.strip() else label, xy=point, parse_math=False)
    figure.canvas.print_png(str(path))


def average(values):
    return math.fsum(values) / len(values) if len(values) else float("nan")


@torch.no_grad()
def embedding_metrics(model, data, context, k=5):
    table = model.embed.weight
    rows = table.tolist()
    ids = data.tolist()
    surroundings = torch.zeros(len(rows), 2, len(rows))
    for here, after in zip(ids, ids[1:]):
        surroundings[after, 0, here] += 1
        surroundings[here, 1, after] += 1
    surroundings = surroundings.flatten(1)
    hits = []
    for i in set(ids):
        first = set(nearest_neighbors(table, i, k))
        hits.append(len(first & set(nearest_neighbors(surroundings, i, k))) / len(first))
    frequent, never = adjacent_pairs(data, k)
    return {
        "neighbor_accuracy": average(hits),
        "never_cosine": average([cosine(rows[a], rows[b]) for a, b in never]),
        "frequent_cosine": average([cosine(rows[a], rows[b]) for a, b in frequent]),
        "mean_norm": average([math.hypot(*row) for row in rows]),
        "loss": toy_lm.mean_loss(model, data, context),
    }
