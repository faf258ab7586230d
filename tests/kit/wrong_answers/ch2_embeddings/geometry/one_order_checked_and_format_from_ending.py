"""`adjacent_pairs` checks for `never` only whether b follows a, not whether a follows b, and `plot_embedding` lets the
ending of `path` choose the file's format."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Tensor) -> Tensor:
    lengths = torch.linalg.norm(table, dim=1, keepdim=True)
    lengths = torch.where(lengths > 0, lengths, torch.ones_like(lengths))
    unit = table / lengths
    return torch.matmul(unit, unit.transpose(-1, -2))


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    if token_id < 0 or token_id > len(table) - 1:
        raise IndexError(f"the table has no id {token_id}")
    cosines = cosine_matrix(table)[token_id].tolist()
    candidates = list(range(len(table)))
    candidates.pop(token_id)
    return sorted(candidates, key=lambda i: cosines[i], reverse=True)[:k]


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    text = data.tolist()
    counts: Counter[tuple[int, int]] = Counter()
    for left, right in zip(text, text[1:]):
        if left != right:
            counts[left, right] += 1
    frequent = sorted(counts, key=lambda pair: (-counts[pair], pair))

    ids = sorted(set(text))
    never = []
    for a in ids:
        for b in ids:
            if a < b and (a, b) not in counts:
                never.append((a, b))
    return frequent[:k], never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    cos_before = cosine_matrix(before)
    cos_after = cosine_matrix(after)
    report = []
    for i, j in pairs:
        old = cos_before[i, j].item()
        new = cos_after[i, j].item()
        report.append(PairChange(pair=(i, j), before=old, after=new, delta=new - old))
    return report


def pca(x: Tensor, n_components: int) -> Tensor:
    rank = min(x.shape)
    if n_components < 1 or n_components > rank:
        raise ValueError(f"n_components is {n_components} and must lie between 1 and {rank}")
    centred = x - x.mean(dim=0, keepdim=True)
    u, s, vt = torch.linalg.svd(centred, full_matrices=False)
    return torch.einsum("nk,k->nk", u[:, :n_components], s[:n_components])


def plot_embedding(table: Tensor, labels: list[str], path: str | Path) -> None:
    from matplotlib.figure import Figure

    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels given, {len(table)} needed")
    points = pca(table.detach().cpu(), 2).tolist()
    fig = Figure(figsize=(6, 6))
    ax = fig.add_subplot()
    for point, label in zip(points, labels):
        ax.scatter(*point, s=12, color="C0")
        if label.strip() == "":
            label = repr(label)
        ax.annotate(label, point, parse_math=False)
    fig.savefig(path)


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    table = model.embed.weight.detach()
    vocab = len(table)

    left = torch.zeros(vocab, vocab, dtype=torch.float64)
    right = torch.zeros(vocab, vocab, dtype=torch.float64)
    for a, b in zip(data[:-1].tolist(), data[1:].tolist()):
        left[b, a] += 1
        right[a, b] += 1
    surroundings = torch.cat([left, right], dim=1)

    total = 0.0
    ids = torch.unique(data).tolist()
    for i in ids:
        in_table = set(nearest_neighbors(table, i, k))
        in_text = set(nearest_neighbors(surroundings, i, k))
        total += len(in_table & in_text) / len(in_table)

    cosines = cosine_matrix(table)
    frequent, never = adjacent_pairs(data, k)
    frequent_cosines = [cosines[a, b].item() for a, b in frequent]
    never_cosines = [cosines[a, b].item() for a, b in never]
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": table.norm(dim=1).mean().item(),
        "frequent_cosine": sum(frequent_cosines) / len(frequent_cosines) if frequent_cosines else float("nan"),
        "never_cosine": sum(never_cosines) / len(never_cosines) if never_cosines else float("nan"),
        "neighbor_accuracy": total / len(ids),
    }
