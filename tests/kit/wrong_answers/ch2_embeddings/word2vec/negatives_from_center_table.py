"""`SkipGram.loss` looks the negatives up in the table `center`; their vectors should come from `context`."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding

BATCH_SIZE = 128


def skipgram_pairs(ids: Tensor, window: int) -> Tensor:
    """(n,) -> (pairs, 2)"""
    if window < 1:
        raise ValueError(f"window of {window}: at least 1 is needed")
    found = [ids.new_zeros(0, 2)]
    for shift in range(1, window + 1):
        if shift >= len(ids):
            break
        first = ids[: len(ids) - shift]
        second = ids[shift:]
        found.append(torch.column_stack([first, second]))
        found.append(torch.column_stack([second, first]))
    return torch.cat(found, dim=0)


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    if counts.max() == 0:
        raise ValueError("the counts are all zero")
    p = counts**power
    return p / p.sum()


class SkipGram(nn.Module):
    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.center = Embedding(vocab_size, dim)
        self.context = Embedding(vocab_size, dim)

    def score(self, v: Tensor, u: Tensor) -> Tensor:
        return (v * u).sum(dim=-1)

    def loss(self, centers: Tensor, contexts: Tensor, negatives: Tensor) -> Tensor:
        v = self.center(centers)
        u = self.context(contexts)
        u_neg = self.center(negatives)
        true_term = F.logsigmoid(self.score(v, u))
        false_term = F.logsigmoid(-self.score(v.unsqueeze(1), u_neg)).sum(dim=1)
        return torch.mean(-true_term - false_term)


def train_skipgram(
    ids: Tensor,
    vocab_size: int,
    dim: int,
    window: int,
    negatives: int,
    steps: int,
    lr: float,
    generator: torch.Generator,
) -> SkipGram:
    if len(ids) < 2:
        raise ValueError(f"there are no pairs in {len(ids)} tokens")
    if ids.min() < 0 or ids.max() >= vocab_size:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise IndexError(f"id {int(wrong)} does not exist")
    model = SkipGram(vocab_size, dim)
    for emb in [model.center, model.context]:
        emb.weight.data.uniform_(-0.5 / dim, 0.5 / dim, generator=generator)
    pairs = skipgram_pairs(ids, window)
    q = noise_distribution(torch.bincount(ids, minlength=vocab_size))
    adam = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        pick = torch.randint(len(pairs), (BATCH_SIZE,), generator=generator)
        neg = torch.multinomial(q, BATCH_SIZE * negatives, replacement=True, generator=generator)
        loss = model.loss(pairs[pick, 0], pairs[pick, 1], neg.view(BATCH_SIZE, negatives))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model
