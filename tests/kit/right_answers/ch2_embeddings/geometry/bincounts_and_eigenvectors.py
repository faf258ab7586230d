"""Neighbours counted with bincount, axes from the covariance's eigenvectors, similarities in float32, a named tuple."""

import math
from typing import NamedTuple

import matplotlib
import torch
import torch.nn.functional as F

from ch2_embeddings.toy_lm import mean_loss

matplotlib.use("Agg")


def cosine_matrix(table):
    unit = F.normalize(table.float(), dim=-1, eps=1e-30)
    return torch.einsum("id,jd->ij", unit, unit).to(table.dtype)


def nearest_neighbors(table, token_id, k):
    vocab = table.shape[0]
    if token_id not in range(vocab):
        raise IndexError(f"no row {token_id}: the table has {vocab}")
    similarity = cosine_matrix(table)[token_id].tolist()
    others = [i for i in range(vocab) if i != token_id]
    others.sort(key=lambda i: (-similarity[i], i))
    return others[:k]


def _followers(data, vocab):
    return torch.bincount(data[:-1] * vocab + data[1:], minlength=vocab * vocab).view(vocab, vocab)


def adjacent_pairs(data, k):
    if not len(data):
        return [], []
    vocab = int(data.max()) + 1
    counts = _followers(data, vocab)
    seen = torch.unique(data).tolist()
    table = counts.tolist()
    found = [(a, b) for a in seen for b in seen if a != b and table[a][b]]
    frequent = sorted(found, key=lambda pair: -table[pair[0]][pair[1]])[:k]
    both = counts + counts.T
    never = [pair for pair in torch.combinations(torch.tensor(seen)).tolist() if both[pair[0], pair[1]] == 0]
    return frequent, [tuple(pair) for pair in never[:k]]


class PairChange(NamedTuple):
    pair: tuple
    before: float
    after: float
    delta: float


def pair_report(before, after, pairs):
    report = []
    for a, b in pairs:
        old = cosine_matrix(before[[a, b]])[0, 1].item()
        new = cosine_matrix(after[[a, b]])[0, 1].item()
        report.append(PairChange((a, b), old, new, new - old))
    return report


def pca(x, n_components):
    n, dim = x.shape
    if not 0 < n_components <= min(n, dim):
        raise ValueError(f"n_components={n_components}, data of {n} x {dim}")
    centred = x - x.mean(0, keepdim=True)
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    order = values.argsort(descending=True)[:n_components]
    return centred @ vectors[:, order]


def plot_embedding(table, labels, path):
    import matplotlib.pyplot as plt

    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels, {len(table)} rows")
    fig, ax = plt.subplots(figsize=(5, 5))
    for (x, y), label in zip(pca(table.detach(), 2).tolist(), labels):
        ax.plot(x, y, "k.")
        ax.text(x, y, repr(label) if label.isspace() else label, parse_math=False)
    with open(path, "wb") as file:
        fig.savefig(file, format="png")
    plt.close(fig)


def embedding_metrics(model, data, context, k=5):
    table = model.embed.weight.detach()
    vocab = table.shape[0]
    cosines = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)

    def mean(values):
        values = list(values)
        return sum(values) / len(values) if values else math.nan

    right = _followers(data, vocab)
    surroundings = torch.cat([right.T, right], dim=1).float()
    shares = []
    for i in sorted(set(data.tolist())):
        near = nearest_neighbors(table, i, k)
        alike = nearest_neighbors(surroundings, i, k)
        shares.append(sum(j in alike for j in near) / len(near))
    return dict(
        loss=mean_loss(model, data, context),
        mean_norm=table.norm(dim=1).mean().item(),
        frequent_cosine=mean(cosines[a, b].item() for a, b in frequent),
        never_cosine=mean(cosines[a, b].item() for a, b in never),
        neighbor_accuracy=mean(shares),
    )
