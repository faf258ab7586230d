"""`pretraining_loss` divides the MLM loss by the number of all positions, not by the number of masked ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import padding_mask
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_

IGNORE = -100


def mask_tokens(
    ids: Tensor,
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    probability: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    if not 0 <= probability <= 1:
        raise ValueError(f"probability {probability} is outside of [0, 1]")
    special = frozenset(special_ids) | {mask_id}
    vocabulary = torch.tensor([token for token in range(vocab_size) if token not in special])
    if len(vocabulary) == 0:
        raise ValueError(f"{len(special)} special ids leave nothing of a vocabulary of {vocab_size}")

    def uniform() -> Tensor:
        return torch.rand(ids.shape, generator=generator)

    free = ~torch.isin(ids, torch.tensor(list(special)))
    selected = free & (uniform() < probability)
    kind = torch.bucketize(uniform(), torch.tensor([0.8, 0.9]))
    random_ids = vocabulary[torch.randint(len(vocabulary), ids.shape, generator=generator)]

    inputs = ids.clone()
    inputs[selected & (kind == 0)] = mask_id
    where_random = selected & (kind == 1)
    inputs[where_random] = random_ids[where_random]
    labels = torch.full_like(ids, IGNORE)
    labels[selected] = ids[selected]
    return inputs, labels


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    documents = [d for d in documents if d]
    n = len(documents)
    if n < 2:
        raise ValueError(f"cannot make false pairs from {n} documents with sentences")
    pairs = []
    for k, document in enumerate(documents):
        for first, true_next in pairwise(document):
            if torch.rand(1, generator=generator) < 0.5:
                pairs.append((first, true_next, 0))
                continue
            shift = 1 + int(torch.randint(n - 1, (1,), generator=generator))
            other = documents[(k + shift) % n]
            pairs.append((first, other[int(torch.randint(len(other), (1,), generator=generator))], 1))
    return pairs


@dataclass(frozen=True)
class BERTConfig:
    """The sizes of a BERT. `n_segments` is 2: first sentence and second."""

    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    n_segments: int = 2
    dropout: float = 0.0


class BERT(nn.Module):
    def __init__(self, config: BERTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.segment_embedding = Embedding(config.n_segments, config.d_model)
        self.embedding_norm = LayerNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([])
        for _ in range(config.n_layers):
            self.blocks.append(PostNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, gelu))
        self.pooler = nn.Linear(config.d_model, config.d_model)
        self.mlm_transform = nn.Linear(config.d_model, config.d_model)
        self.mlm_norm = LayerNorm(config.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.nsp_head = nn.Linear(config.d_model, 2)
        initialize_(self)

    def forward(self, ids: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        segments = torch.zeros_like(ids) if segments is None else segments
        h = self.segment_embedding(segments) + self.position_embedding(self.token_embedding(ids))
        h = self.dropout(self.embedding_norm(h))
        mask = None if lengths is None else padding_mask(lengths, ids.shape[1]).to(ids.device)
        for block in self.blocks:
            h = block(h, mask)
        return h

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        table = self.token_embedding.weight
        return self.mlm_norm(gelu(self.mlm_transform(hidden))) @ table.transpose(0, 1) + self.mlm_bias

    def nsp_logits(self, hidden: Tensor) -> Tensor:
        first_token = hidden.select(1, 0)
        return self.nsp_head(torch.tanh(self.pooler(first_token)))

    def pretraining_loss(
        self, ids: Tensor, segments: Tensor | None, lengths: Tensor | None, mlm_labels: Tensor, nsp_labels: Tensor
    ) -> Tensor:
        hidden = self(ids, segments, lengths)
        logits = self.mlm_logits(hidden)
        token_losses = F.cross_entropy(
            logits.flatten(0, 1), mlm_labels.flatten(), ignore_index=IGNORE, reduction="none"
        )
        pair_losses = F.cross_entropy(self.nsp_logits(hidden), nsp_labels, reduction="none")
        return token_losses.mean() + pair_losses.mean()
