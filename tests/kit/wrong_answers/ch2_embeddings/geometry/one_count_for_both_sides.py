"""Left and right neighbours are counted together, shares are divided by k, and the mean over no pairs is 0."""

from collections import Counter
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from ch2_embeddings.toy_lm import mean_loss


def cosine_matrix(table):
    unit = F.normalize(table, dim=1)
    return unit @ unit.T


def nearest_neighbors(table, token_id, k):
    if not 0 <= token_id < len(table):
        raise IndexError(f"id {token_id}")
    cosines = cosine_matrix(table)[token_id].tolist()
    return sorted((i for i in range(len(table)) if i != token_id), key=lambda i: (-cosines[i], i))[:k]


def adjacent_pairs(data, k):
    ids = data.tolist()
    counts = Counter((a, b) for a, b in zip(ids, ids[1:]) if a != b)
    frequent = sorted(counts, key=lambda pair: (-counts[pair], pair))[:k]
    there = sorted(set(ids))
    never = [(a, b) for a in there for b in there if a < b and not counts[a, b] and not counts[b, a]]
    return frequent, never[:k]


def pair_report(before, after, pairs):
    report = []
    for a, b in pairs:
        old, new = cosine_matrix(before)[a, b].item(), cosine_matrix(after)[a, b].item()
        report.append(SimpleNamespace(pair=(a, b), before=old, after=new, delta=new - old))
    return report


def pca(x, n_components):
    if not 1 <= n_components <= min(x.shape):
        raise ValueError(f"{n_components} components")
    u, s, _ = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    return (u * s)[:, :n_components]


def plot_embedding(table, labels, path):
    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels")
    figure = Figure(figsize=(6, 6))
    ax = figure.add_subplot()
    for label, point in zip(labels, pca(table.detach(), 2).tolist(), strict=True):
        ax.scatter(*point)
        ax.annotate(label if label.strip() else repr(label), point, parse_math=False)
    figure.savefig(path, format="png")


def embedding_metrics(model, data, context, k=5):
    table = model.embed.weight.detach()
    around = torch.zeros(len(table), len(table))
    for a, b in zip(data.tolist(), data.tolist()[1:]):
        around[a, b] += 1
        around[b, a] += 1
    shares = []
    for i in sorted(set(data.tolist())):
        shares.append(len({*nearest_neighbors(table, i, k)} & {*nearest_neighbors(around, i, k)}) / k)
    cosines = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": table.norm(dim=1).mean().item(),
        "frequent_cosine": sum(cosines[pair].item() for pair in frequent) / max(len(frequent), 1),
        "never_cosine": sum(cosines[pair].item() for pair in never) / max(len(never), 1),
        "neighbor_accuracy": sum(shares) / len(shares),
    }
