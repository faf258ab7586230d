"""`embedding_metrics` makes the surroundings of the right neighbours alone and forgets the counts to the left."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Tensor) -> Tensor:
    norm = table.norm(dim=1, keepdim=True)
    return torch.div(table, norm).nan_to_num(0.0) @ torch.div(table, norm).nan_to_num(0.0).T


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    if not 0 <= token_id < len(table):
        raise IndexError(f"id {token_id} has no row in the table")
    values, indices = torch.sort(cosine_matrix(table)[token_id], descending=True, stable=True)
    neighbors = []
    for index in indices.tolist():
        if index == token_id:
            continue
        if len(neighbors) == k:
            break
        neighbors.append(index)
    return neighbors


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    bigrams = Counter(pair for pair in pairwise(data.tolist()) if pair[0] != pair[1])
    frequent = sorted(bigrams, key=lambda p: (-bigrams[p], p))
    ids = data.unique().tolist()
    never = []
    for i in range(len(ids)):
        for j in range(i + 1, len(ids)):
            together = bigrams[(ids[i], ids[j])] + bigrams[(ids[j], ids[i])]
            if together == 0:
                never.append((ids[i], ids[j]))
    return frequent[:k], never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    before_cos, after_cos = cosine_matrix(before), cosine_matrix(after)

    def change(a, b):
        x, y = before_cos[a, b].item(), after_cos[a, b].item()
        return PairChange(pair=(a, b), before=x, after=y, delta=y - x)

    return [change(a, b) for a, b in pairs]


def pca(x: Tensor, n_components: int) -> Tensor:
    if n_components < 1 or n_components > x.shape[0] or n_components > x.shape[1]:
        raise ValueError(f"n_components must not be {n_components} for data of shape {list(x.shape)}")
    mu = x.mean(0)
    u, s, _ = torch.linalg.svd(x - mu, full_matrices=False)
    scores = u @ torch.diag(s)
    return scores[:, :n_components]


def plot_embedding(table: Tensor, labels: list[str], path: str | Path) -> None:
    from matplotlib.figure import Figure

    if len(labels) != table.shape[0]:
        raise ValueError(f"{len(labels)} is not the number of rows")
    coordinates = pca(table.detach().cpu(), 2).tolist()
    figure = Figure(figsize=(5, 5), dpi=150)
    axis = figure.add_subplot()
    axis.scatter([c[0] for c in coordinates], [c[1] for c in coordinates], s=8, c="black")
    for c, label in zip(coordinates, labels):
        axis.annotate(label if label.strip() else repr(label), c, parse_math=False)
    figure.savefig(path, format="png")


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    weight = model.embed.weight.detach()
    vocab_size = weight.shape[0]
    similarity = cosine_matrix(weight)
    frequent, never = adjacent_pairs(data, k)

    # row a: how often each id comes after a
    counts = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    for a, b in pairwise(data.tolist()):
        counts[a, b] += 1

    agreement = []
    for token in data.unique().tolist():
        predicted = nearest_neighbors(weight, token, k)
        expected = nearest_neighbors(counts, token, k)
        agreement.append(sum(1 for p in predicted if p in expected) / len(predicted))

    def mean(xs):
        return sum(xs) / len(xs) if len(xs) > 0 else float("nan")

    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": torch.linalg.norm(weight, dim=1).mean().item(),
        "frequent_cosine": mean([similarity[i, j].item() for i, j in frequent]),
        "never_cosine": mean([similarity[i, j].item() for i, j in never]),
        "neighbor_accuracy": mean(agreement),
    }
