"""`cosine_matrix` takes the lengths over dim 0, so it scales the columns of the table to length 1 and not the rows."""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Tensor) -> Tensor:
    norms = torch.linalg.vector_norm(table, dim=0, keepdim=True)
    norms = torch.where(norms == 0, torch.ones_like(norms), norms)
    normalized = table / norms
    return normalized @ normalized.T


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    if token_id < 0 or token_id >= table.shape[0]:
        raise IndexError(f"id {token_id} is out of range")
    sims = cosine_matrix(table)[token_id].tolist()
    others = [i for i in range(len(sims)) if i != token_id]
    others.sort(key=lambda i: -sims[i])
    return others[:k]


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    ids = data.tolist()
    counts = Counter(pair for pair in zip(ids, ids[1:]) if pair[0] != pair[1])
    frequent = [pair for pair, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    unique = sorted(set(ids))
    never = []
    for i, a in enumerate(unique):
        for b in unique[i + 1 :]:
            if counts[a, b] == 0 and counts[b, a] == 0:
                never.append((a, b))
    return frequent[:k], never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    sim_before = cosine_matrix(before)
    sim_after = cosine_matrix(after)
    report = []
    for i, j in pairs:
        b = sim_before[i, j].item()
        a = sim_after[i, j].item()
        report.append(PairChange(pair=(i, j), before=b, after=a, delta=a - b))
    return report


def pca(x: Tensor, n_components: int) -> Tensor:
    if n_components < 1 or n_components > min(x.shape):
        raise ValueError(f"n_components={n_components} is not between 1 and {min(x.shape)}")
    centered = x - x.mean(dim=0, keepdim=True)
    U, S, Vt = torch.linalg.svd(centered, full_matrices=False)
    return (U * S)[:, :n_components]


def plot_embedding(table: Tensor, labels: list[str], path) -> None:
    from matplotlib.figure import Figure

    if len(labels) != table.shape[0]:
        raise ValueError(f"got {len(labels)} labels for {table.shape[0]} rows")
    xy = pca(table.detach().cpu(), 2).numpy()
    fig = Figure(figsize=(8, 8))
    ax = fig.add_subplot()
    ax.scatter(xy[:, 0], xy[:, 1])
    for label, point in zip(labels, xy):
        ax.annotate(repr(label) if label.strip() == "" else label, (point[0], point[1]), parse_math=False)
    fig.savefig(path, format="png")


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    table = model.embed.weight.detach()
    vocab = table.shape[0]
    sims = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)

    left = torch.zeros(vocab, vocab, dtype=torch.float64)
    right = torch.zeros(vocab, vocab, dtype=torch.float64)
    ids = data.tolist()
    for a, b in zip(ids, ids[1:]):
        right[a, b] += 1
        left[b, a] += 1
    surroundings = torch.cat((left, right), dim=1)

    overlap = []
    for i in sorted(set(ids)):
        ours = nearest_neighbors(table, i, k)
        theirs = nearest_neighbors(surroundings, i, k)
        overlap.append(sum(j in theirs for j in ours) / len(ours))

    def mean(values):
        return sum(values) / len(values) if values else float("nan")

    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": table.norm(dim=1).mean().item(),
        "frequent_cosine": mean([sims[a, b].item() for a, b in frequent]),
        "never_cosine": mean([sims[a, b].item() for a, b in never]),
        "neighbor_accuracy": mean(overlap),
    }
