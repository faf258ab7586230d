"""The MLM decoder is an nn.Linear with a weight of its own, not the token table."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
    if probability > 1 or probability < 0:
        raise ValueError(f"not a probability: {probability}")
    special = set(special_ids)
    special.add(mask_id)
    ordinary = torch.tensor([i for i in range(vocab_size) if i not in special])
    if ordinary.shape[0] == 0:
        raise ValueError(f"all of the {vocab_size} ids are special")
    is_special = sum((ids == i for i in special), torch.zeros_like(ids)).bool()

    chosen = (torch.rand(ids.shape, generator=generator) < probability) & ~is_special
    dice = torch.randint(10, ids.shape, generator=generator)
    random_token = ordinary[torch.randint(len(ordinary), ids.shape, generator=generator)]

    inputs = torch.where(dice < 8, torch.full_like(ids, mask_id), torch.where(dice == 8, random_token, ids))
    inputs = torch.where(chosen, inputs, ids)
    labels = torch.where(chosen, ids, torch.full_like(ids, -100))
    return inputs, labels


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    with_text = [k for k in range(len(documents)) if documents[k]]
    if len(with_text) < 2:
        raise ValueError(f"the number of documents with sentences is {len(with_text)}, it should be 2 or more")
    pairs = []
    for k in with_text:
        for first, second in zip(documents[k], documents[k][1:]):
            label = int(torch.randint(2, (1,), generator=generator))
            if label == 1:
                rest = [j for j in with_text if j != k]
                other = documents[rest[int(torch.randint(len(rest), (1,), generator=generator))]]
                second = other[int(torch.randint(len(other), (1,), generator=generator))]
            pairs.append((first, second, label))
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
        d_model = config.d_model

        # embeddings
        self.token_embedding = Embedding(config.vocab_size, d_model)
        self.position_embedding = LearnedPositions(config.max_len, d_model)
        self.segment_embedding = Embedding(config.n_segments, d_model)
        self.embedding_norm = LayerNorm(d_model)
        self.drop = nn.Dropout(config.dropout)

        # encoder
        self.blocks = nn.ModuleList(
            [
                PostNormBlock(d_model, config.n_heads, config.d_ff, config.dropout, activation=gelu)
                for _ in range(config.n_layers)
            ]
        )

        # heads
        self.pooler = nn.Linear(d_model, d_model)
        self.nsp_head = nn.Linear(d_model, 2)
        self.mlm_transform = nn.Linear(d_model, d_model)
        self.mlm_norm = LayerNorm(d_model)
        self.mlm_decoder = nn.Linear(d_model, config.vocab_size, bias=False)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))

        initialize_(self)

    def forward(self, ids: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        if segments is None:
            segments = torch.zeros_like(ids)
        e = self.position_embedding(self.token_embedding(ids) + self.segment_embedding(segments))
        h = self.drop(self.embedding_norm(e))
        mask = None
        if lengths is not None:
            mask = padding_mask(lengths, ids.shape[1]).to(h.device)
        for block in self.blocks:
            h = block(h, mask)
        return h

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        h = self.mlm_norm(gelu(self.mlm_transform(hidden)))
        return self.mlm_decoder(h) + self.mlm_bias

    def nsp_logits(self, hidden: Tensor) -> Tensor:
        return self.nsp_head(torch.tanh(self.pooler(hidden[:, 0])))

    def pretraining_loss(
        self,
        ids: Tensor,
        segments: Tensor | None,
        lengths: Tensor | None,
        mlm_labels: Tensor,
        nsp_labels: Tensor,
    ) -> Tensor:
        h = self(ids, segments, lengths)
        mlm_loss = F.cross_entropy(self.mlm_logits(h).view(-1, self.config.vocab_size), mlm_labels.reshape(-1))
        return mlm_loss + F.cross_entropy(self.nsp_logits(h), nsp_labels)
