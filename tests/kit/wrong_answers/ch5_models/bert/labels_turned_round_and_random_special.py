"""`next_sentence_pairs` gives the true next sentence the label 1 and a random one 0, and the random token of
`mask_tokens` may be a special one."""

from collections.abc import Iterable
from dataclasses import dataclass

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


def mask_tokens(
    ids: Tensor,
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    probability: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability must be in [0, 1], got {probability}")
    special = {*special_ids, mask_id}
    if all(i in special for i in range(vocab_size)):
        raise ValueError(f"a vocabulary of {vocab_size} with {len(special)} special ids has no other ids")

    can_be_chosen = torch.ones_like(ids, dtype=torch.bool)
    for i in special:
        can_be_chosen = can_be_chosen & ids.ne(i)
    chosen = torch.rand(ids.shape, generator=generator).lt(probability) & can_be_chosen
    labels = ids.masked_fill(~chosen, -100)

    p = torch.rand(ids.shape, generator=generator)
    random_ids = torch.randint(vocab_size, ids.shape, generator=generator)
    replacement = torch.where(p < 0.9, random_ids, ids).masked_fill(p < 0.8, mask_id)
    return torch.where(chosen, replacement, ids), labels


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    documents = [d for d in documents if len(d)]
    if len(documents) < 2:
        raise ValueError(f"expected two documents with sentences or more, got {len(documents)}")

    def randrange(n: int) -> int:
        return torch.randint(n, (1,), generator=generator).item()

    pairs = []
    for i, doc in enumerate(documents):
        for a, b in zip(doc[:-1], doc[1:]):
            is_next = randrange(2)
            if not is_next:
                j = randrange(len(documents) - 1)
                other = documents[j if j < i else j + 1]
                b = other[randrange(len(other))]
            pairs.append((a, b, is_next))
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
        block_args = (config.d_model, config.n_heads, config.d_ff, config.dropout, gelu)
        self.blocks = nn.ModuleList(PostNormBlock(*block_args) for _ in range(config.n_layers))
        self.pooler = nn.Linear(config.d_model, config.d_model)
        self.nsp_head = nn.Linear(config.d_model, 2)
        self.mlm_transform = nn.Linear(config.d_model, config.d_model)
        self.mlm_norm = LayerNorm(config.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialize_(self)

    def forward(self, ids: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        if segments is None:
            segments = torch.zeros_like(ids)
        x = self.token_embedding(ids)
        x = self.position_embedding(x)
        x = x + self.segment_embedding(segments)
        x = self.dropout(self.embedding_norm(x))
        mask = padding_mask(lengths, x.shape[1]).to(x.device) if lengths is not None else None
        for block in self.blocks:
            x = block(x, mask)
        return x

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        x = self.mlm_transform(hidden)
        x = self.mlm_norm(gelu(x))
        return F.linear(x, self.token_embedding.weight) + self.mlm_bias

    def nsp_logits(self, hidden: Tensor) -> Tensor:
        return self.nsp_head(torch.tanh(self.pooler(hidden[:, 0, :])))

    def pretraining_loss(
        self, ids: Tensor, segments: Tensor | None, lengths: Tensor | None, mlm_labels: Tensor, nsp_labels: Tensor
    ) -> Tensor:
        hidden = self(ids, segments, lengths)
        logits = self.mlm_logits(hidden)
        mlm_loss = F.cross_entropy(logits.flatten(end_dim=1), mlm_labels.flatten(), ignore_index=-100)
        nsp_loss = F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
        return mlm_loss + nsp_loss
