"""The MLM decoder is a linear layer whose weight is the token table, and the heads are sequences: second names in the state dict."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import padding_mask
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_


def mask_tokens(
    ids: Int[Tensor, "*shape"],
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    probability: float,
    generator: torch.Generator,
) -> tuple[Int[Tensor, "*shape"], Int[Tensor, "*shape"]]:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability = {probability} is not between 0 and 1")
    special = {mask_id, *special_ids}
    ordinary = torch.tensor([i for i in range(vocab_size) if i not in special])
    if not len(ordinary):
        raise ValueError(f"a vocabulary of {vocab_size} ids holds none that is not special")
    is_special = torch.isin(ids, torch.tensor(sorted(special)))
    chosen = (torch.rand(ids.shape, generator=generator) < probability) & ~is_special
    fate = torch.rand(ids.shape, generator=generator)
    random_ids = ordinary[torch.randint(len(ordinary), ids.shape, generator=generator)]
    inputs = torch.where(chosen & (fate < 0.8), mask_id, ids)
    inputs = torch.where(chosen & (fate >= 0.9), random_ids, inputs)
    return inputs, torch.where(chosen, ids, -100)


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    filled = [document for document in documents if document]
    if len(filled) < 2:
        raise ValueError(f"{len(filled)} documents with sentences are not enough; a false pair needs two")
    pairs = []
    for i, document in enumerate(filled):
        others = filled[:i] + filled[i + 1 :]
        for first, following in pairwise(document):
            if torch.rand((), generator=generator) < 0.5:
                pairs.append((first, following, 0))
            else:
                other = others[_below(len(others), generator)]
                pairs.append((first, other[_below(len(other), generator)], 1))
    return pairs


def _below(n: int, generator: torch.Generator) -> int:
    return int(torch.randint(n, (), generator=generator))


@dataclass(frozen=True)
class BERTConfig:
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
        self.blocks = nn.ModuleList(
            PostNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, gelu)
            for _ in range(config.n_layers)
        )
        self.pooler = nn.Linear(config.d_model, config.d_model)
        self.mlm_transform = nn.Linear(config.d_model, config.d_model)
        self.mlm_norm = LayerNorm(config.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.nsp_head = nn.Linear(config.d_model, 2)
        self.decoder = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.decoder.weight = self.token_embedding.weight
        self.to_decode = nn.Sequential(self.mlm_transform, nn.GELU(), self.mlm_norm, self.decoder)
        self.to_judge = nn.Sequential(self.pooler, nn.Tanh(), self.nsp_head)
        initialize_(self)

    def forward(
        self,
        ids: Int[Tensor, "batch seq"],
        segments: Int[Tensor, "batch seq"] | None = None,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> Float[Tensor, "batch seq d_model"]:
        if segments is None:
            segments = torch.zeros_like(ids)
        x = self.position_embedding(self.token_embedding(ids)) + self.segment_embedding(segments)
        x = self.dropout(self.embedding_norm(x))
        mask = None if lengths is None else padding_mask(lengths, ids.shape[1]).to(ids.device)
        for block in self.blocks:
            x = block(x, mask)
        return x

    def mlm_logits(self, hidden: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq vocab"]:
        return self.to_decode(hidden) + self.mlm_bias

    def nsp_logits(self, hidden: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch 2"]:
        return self.to_judge(hidden[:, 0])

    def pretraining_loss(
        self,
        ids: Int[Tensor, "batch seq"],
        segments: Int[Tensor, "batch seq"] | None,
        lengths: Int[Tensor, "batch"] | None,
        mlm_labels: Int[Tensor, "batch seq"],
        nsp_labels: Int[Tensor, "batch"],
    ) -> Float[Tensor, ""]:
        hidden = self(ids, segments, lengths)
        mlm_loss = F.cross_entropy(self.mlm_logits(hidden).flatten(0, 1), mlm_labels.flatten(), ignore_index=-100)
        return mlm_loss + F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
