"""`cosine_matrix` divides rows of zeros by zero and gives NaN, and `mean_norm` is the norm of the whole table divided
by the number of rows."""

from collections import Counter
from dataclasses import dataclass

import torch

from ch2_embeddings.toy_lm import mean_loss


def cosine_matrix(table):
    unit = table / table.norm(dim=1, keepdim=True)
    return unit @ unit.T


def nearest_neighbors(table, token_id, k):
    if not 0 <= token_id < len(table):
        raise IndexError(f"id {token_id} is not between 0 and {len(table) - 1}")
    cosines = cosine_matrix(table)[token_id]
    order = cosines.argsort(descending=True, stable=True)
    return [i for i in order.tolist() if i != token_id][:k]


def adjacent_pairs(data, k):
    seq = data.tolist()
    counts = Counter(p for p in zip(seq, seq[1:]) if len(set(p)) == 2)
    frequent = sorted(counts, key=lambda p: (-counts[p], p))[:k]
    touching = {frozenset(p) for p in counts}
    symbols = sorted(set(seq))
    never = []
    for n, a in enumerate(symbols):
        never += [(a, b) for b in symbols[n + 1 :] if frozenset((a, b)) not in touching]
    return frequent, never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before, after, pairs):
    c0 = cosine_matrix(before)
    c1 = cosine_matrix(after)
    result = []
    for a, b in pairs:
        old, new = c0[a, b].item(), c1[a, b].item()
        result.append(PairChange((a, b), old, new, new - old))
    return result


def pca(x, n_components):
    if n_components < 1 or n_components > min(x.shape):
        raise ValueError(f"n_components = {n_components} does not fit data of shape {tuple(x.shape)}")
    x = x - x.mean(axis=0)
    U, S, Vh = torch.linalg.svd(x, full_matrices=False)
    V = Vh.T
    return x @ V[:, :n_components]


def plot_embedding(table, labels, path):
    from matplotlib.figure import Figure

    if len(labels) != len(table):
        raise ValueError(f"there are {len(labels)} labels and {len(table)} rows")
    xy = pca(table.detach().cpu(), 2).tolist()
    fig = Figure(figsize=(6, 6), dpi=100)
    ax = fig.subplots()
    ax.plot([p[0] for p in xy], [p[1] for p in xy], "o", markersize=4)
    for p, label in zip(xy, labels):
        ax.annotate(label if label.strip() else repr(label), p, parse_math=False)
    fig.savefig(path, format="png")


def cosines_in_text(data, vocab):
    counts = torch.zeros(vocab, 2 * vocab, dtype=torch.float64)
    seq = data.tolist()
    for a, b in zip(seq, seq[1:]):
        counts[b, a] += 1
        counts[a, vocab + b] += 1
    return counts


def embedding_metrics(model, data, context, k=5):
    table = model.embed.weight.detach()
    cosines = cosine_matrix(table)
    counts = cosines_in_text(data, len(table))
    shares = []
    for i in sorted(set(data.tolist())):
        near = nearest_neighbors(table, i, k)
        near_in_text = nearest_neighbors(counts, i, k)
        shares.append(len(set(near) & set(near_in_text)) / len(near))

    def mean(values):
        return torch.tensor(values, dtype=torch.float64).mean().item()

    frequent, never = adjacent_pairs(data, k)
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": (table.norm() / len(table)).item(),
        "frequent_cosine": mean([cosines[a, b].item() for a, b in frequent]),
        "never_cosine": mean([cosines[a, b].item() for a, b in never]),
        "neighbor_accuracy": mean(shares),
    }
