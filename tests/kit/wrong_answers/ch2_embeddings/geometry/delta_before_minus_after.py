"""`pair_report` computes `delta` as before minus after, so its sign is the wrong way round."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Tensor) -> Tensor:
    length = torch.sqrt((table * table).sum(1, keepdim=True))
    length = length.masked_fill(length == 0, 1.0)
    unit = table / length
    return torch.mm(unit, unit.t())


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    if not (0 <= token_id and token_id < table.shape[0]):
        raise IndexError(f"bad id {token_id}")
    row = cosine_matrix(table)[token_id].detach().cpu().numpy()
    order = np.argsort(-row, kind="stable")
    return [int(i) for i in order if i != token_id][:k]


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    ids = data.tolist()
    counter = Counter()
    for a, b in zip(ids[:-1], ids[1:]):
        if a == b:
            continue
        counter[(a, b)] += 1
    by_count = sorted(sorted(counter), key=counter.get, reverse=True)
    neighbours = set(counter) | {(b, a) for a, b in counter}
    used = np.unique(ids).tolist() if ids else []
    never = [(a, b) for a in used for b in used if a < b and (a, b) not in neighbours]
    return by_count[:k], never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    c_before = cosine_matrix(before)
    c_after = cosine_matrix(after)
    change = c_before - c_after
    return [PairChange((a, b), c_before[a, b].item(), c_after[a, b].item(), change[a, b].item()) for a, b in pairs]


def pca(x: Tensor, n_components: int) -> Tensor:
    most = min(x.shape[0], x.shape[1])
    if n_components not in range(1, most + 1):
        raise ValueError(f"n_components = {n_components}, but only 1 to {most} are possible")
    svd = torch.linalg.svd(x - torch.mean(x, 0), full_matrices=False)
    return svd.U[:, :n_components] * svd.S[:n_components].unsqueeze(0)


def plot_embedding(table: Tensor, labels: list[str], path: str | Path) -> None:
    from matplotlib.figure import Figure

    n = table.shape[0]
    if len(labels) != n:
        raise ValueError(f"expected {n} labels, got {len(labels)}")
    xs, ys = pca(table.detach().cpu(), 2).T.tolist()
    fig = Figure(figsize=(6, 6))
    ax = fig.subplots()
    ax.scatter(xs, ys, s=15)
    for x, y, label in zip(xs, ys, labels):
        shown = label if label.strip() else repr(label)
        ax.annotate(shown, (x, y), parse_math=False)
    ax.set_title("PCA of the embedding")
    fig.savefig(path, format="png", dpi=100)


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    with torch.no_grad():
        table = model.embed.weight.clone()
        cosines = cosine_matrix(table).cpu().numpy()
        mean_norm = table.norm(dim=1).mean().item()

    vocab = len(table)
    bigrams = np.zeros((vocab, vocab))
    ids = data.cpu().numpy()
    np.add.at(bigrams, (ids[:-1], ids[1:]), 1.0)
    surroundings = torch.from_numpy(np.concatenate([bigrams.T, bigrams], axis=1))

    scores = []
    for i in np.unique(ids).tolist():
        near_table = nearest_neighbors(table, i, k)
        near_text = nearest_neighbors(surroundings, i, k)
        scores.append(np.mean(np.isin(near_table, near_text)))

    frequent, never = adjacent_pairs(data, k)
    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": mean_norm,
        "frequent_cosine": float(np.mean([cosines[p] for p in frequent])) if frequent else float("nan"),
        "never_cosine": float(np.mean([cosines[p] for p in never])) if never else float("nan"),
        "neighbor_accuracy": float(np.mean(scores)),
    }
