"""`adjacent_pairs` also counts an id next to itself, so pairs such as (2, 2) come among the frequent ones."""

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor

from ch2_embeddings.toy_lm import ToyLM, mean_loss


def cosine_matrix(table: Tensor) -> Tensor:
    lengths = table.norm(p=2, dim=-1, keepdim=True)
    unit = torch.where(lengths > 0, table / lengths, torch.zeros_like(table))
    return torch.einsum("id,jd->ij", unit, unit)


def nearest_neighbors(table: Tensor, token_id: int, k: int) -> list[int]:
    vocab = table.size(0)
    if token_id not in range(vocab):
        raise IndexError(f"token {token_id} is not in the table")
    similarity = cosine_matrix(table)[token_id]
    ranking = torch.argsort(similarity, descending=True, stable=True)
    ranking = ranking[ranking != token_id]
    return ranking[:k].tolist()


def adjacent_pairs(data: Tensor, k: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    tokens = data.tolist()
    counts = defaultdict(int)
    for i in range(len(tokens) - 1):
        counts[(tokens[i], tokens[i + 1])] += 1
    frequent = sorted(counts, key=lambda pair: (-counts[pair], pair[0], pair[1]))[:k]

    vocab = sorted(set(tokens))
    never = []
    for a in vocab:
        for b in vocab:
            if a < b and (a, b) not in counts and (b, a) not in counts:
                never.append((a, b))
    return frequent, never[:k]


@dataclass(frozen=True)
class PairChange:
    pair: tuple[int, int]
    before: float
    after: float
    delta: float


def pair_report(before: Tensor, after: Tensor, pairs: list[tuple[int, int]]) -> list[PairChange]:
    cos0, cos1 = cosine_matrix(before), cosine_matrix(after)
    changes = []
    for pair in pairs:
        a, b = pair
        x0 = cos0[a][b].item()
        x1 = cos1[a][b].item()
        changes.append(PairChange(pair=pair, before=x0, after=x1, delta=x1 - x0))
    return changes


def pca(x: Tensor, n_components: int) -> Tensor:
    largest = min(x.size(0), x.size(1))
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, not {n_components}")
    if n_components > largest:
        raise ValueError(f"n_components must be at most {largest}, not {n_components}")
    x = x - x.mean(dim=0)
    _, _, components = torch.linalg.svd(x, full_matrices=False)
    return x @ components[:n_components].T


def plot_embedding(table: Tensor, labels: list[str], path) -> None:
    from matplotlib.figure import Figure

    if len(labels) != len(table):
        raise ValueError(f"{len(labels)} labels, but {len(table)} rows")
    coords = pca(table.detach().cpu(), 2).tolist()
    figure = Figure(figsize=(7, 7))
    ax = figure.add_subplot(1, 1, 1)
    for (x, y), label in zip(coords, labels):
        ax.scatter([x], [y], color="tab:blue", s=10)
        ax.annotate(repr(label) if label.isspace() or not label else label, (x, y), parse_math=False)
    figure.savefig(path, format="png")


def embedding_metrics(model: ToyLM, data: Tensor, context: int, k: int = 5) -> dict[str, float]:
    embedding = model.embed.weight.detach().clone()
    vocab = embedding.shape[0]
    cosines = cosine_matrix(embedding)
    frequent, never = adjacent_pairs(data, k)

    counts = torch.zeros(vocab, 2 * vocab, dtype=torch.float64)
    tokens = data.tolist()
    for i, token in enumerate(tokens):
        if i > 0:
            counts[token, tokens[i - 1]] += 1
        if i < len(tokens) - 1:
            counts[token, vocab + tokens[i + 1]] += 1

    hits = 0.0
    present = sorted(set(tokens))
    for token in present:
        by_table = nearest_neighbors(embedding, token, k)
        by_text = nearest_neighbors(counts, token, k)
        hits += len([t for t in by_table if t in by_text]) / len(by_table)

    def mean_cosine(pairs):
        if not pairs:
            return float("nan")
        return sum(cosines[a, b].item() for a, b in pairs) / len(pairs)

    return {
        "loss": mean_loss(model, data, context),
        "mean_norm": embedding.norm(dim=1).mean().item(),
        "frequent_cosine": mean_cosine(frequent),
        "never_cosine": mean_cosine(never),
        "neighbor_accuracy": hits / len(present),
    }
