"""`pca` decomposes the data as they are and does not take the mean of each column away first."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def _safe_lengths(table: Tensor) -> Tensor:
    lengths = table.norm(dim=1)
    return lengths + (lengths == 0).to(lengths.dtype)


def cosine_matrix(table: Tensor) -> Tensor:
    lengths = _safe_lengths(table)
    unit = table / lengths.unsqueeze(-1)
    return unit @ unit.transpose(0, 1)


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    n = table.shape[0]
    if token_id >= n or token_id < 0:
        raise IndexError(f"id {token_id} not in 0..{n - 1}")
    cosines = cosine_matrix(table)[token_id].tolist()
    ranked = sorted((-cosine, i) for i, cosine in enumerate(cosines) if i != token_id)
    return [i for _, i in ranked[:k]]


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    ids = data.tolist()
    follows = Counter((a, b) for a, b in zip(ids, ids[1:]) if a != b)
    ranked = sorted((-count, pair) for pair, count in follows.items())
    frequent = [pair for _, pair in ranked[:k]]
    apart = (p for p in combinations(sorted(set(ids)), 2) if p not in follows and p[::-1] not in follows)
    return frequent, list(apart)[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    tables = [cosine_matrix(before), cosine_matrix(after)]
    out = []
    for a, b in pairs:
        first, second = (t[a, b].item() for t in tables)
        out.append(PairChange((a, b), first, second, second - first))
    return out


def pca(x: Tensor, n_components: int) -> Tensor:
    if not 0 < n_components <= min(x.shape):
        raise ValueError(f"{n_components} components of a {tuple(x.shape)} matrix do not exist")
    U, S, _ = torch.linalg.svd(x, full_matrices=False)
    return U[:, :n_components] * S[:n_components]


def plot_embedding(table: Tensor, labels: list[str], path) -> None:
    from matplotlib.figure import Figure

    if len(table) != len(labels):
        raise ValueError(f"wrong number of labels: {len(labels)}")
    z = pca(table.detach().cpu(), n_components=2).numpy()
    fig = Figure(figsize=(8, 6))
    ax = fig.add_subplot(111)
    ax.scatter(z[:, 0], z[:, 1], alpha=0.6)
    for i, label in enumerate(labels):
        text = repr(label) if not label.strip() else label
        ax.annotate(text, xy=(z[i, 0], z[i, 1]), fontsize=9, parse_math=False)
    fig.savefig(path, format="png")


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    table = model.embed.weight.detach()
    vocab = table.shape[0]
    ids = data.tolist()

    before = torch.zeros((vocab, vocab), dtype=torch.float64)
    after = torch.zeros((vocab, vocab), dtype=torch.float64)
    for prev, cur in zip(ids, ids[1:]):
        before[cur, prev] += 1.0
        after[prev, cur] += 1.0
    contexts = torch.cat([before, after], dim=-1)

    accuracy = 0.0
    kinds = sorted(set(ids))
    for i in kinds:
        mine = nearest_neighbors(table, i, k)
        text = nearest_neighbors(contexts, i, k)
        accuracy += len(set(mine) & set(text)) / len(mine) / len(kinds)

    cos = cosine_matrix(table)
    metrics = {"loss": mean_loss(model, data, context), "mean_norm": table.norm(dim=1).mean().item()}
    for name, pairs in zip(("frequent_cosine", "never_cosine"), adjacent_pairs(data, k)):
        values = [cos[a, b].item() for a, b in pairs]
        metrics[name] = sum(values) / len(values) if values else float("nan")
    metrics["neighbor_accuracy"] = accuracy
    return metrics
