"""`mlm_logits` normalizes before the GELU instead of after it, and `nsp_logits` has no tanh after the pooler."""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import padding_mask
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if not 0 <= probability <= 1:
        raise ValueError(f"probability has to be from 0 to 1, got {probability}")
    special = torch.tensor(sorted({mask_id, *special_ids}))
    every_id = torch.arange(vocab_size)
    ordinary = every_id[~torch.isin(every_id, special)]
    if ordinary.numel() == 0:
        raise ValueError(f"all ids below {vocab_size} are special")

    def dice():
        return torch.rand(ids.shape, generator=generator)

    chosen = dice().lt(probability) & torch.isin(ids, special, invert=True)
    fate = dice()
    masked = chosen & fate.lt(0.8)
    randomized = chosen & fate.ge(0.8) & fate.lt(0.9)
    substitutes = ordinary[torch.randint(ordinary.numel(), ids.shape, generator=generator)]

    inputs = torch.where(randomized, substitutes, ids).masked_fill(masked, mask_id)
    return inputs, torch.where(chosen, ids, torch.full_like(ids, -100))


def next_sentence_pairs(documents, generator):
    texts = list(filter(None, documents))
    if len(texts) < 2:
        raise ValueError(f"{len(texts)} is too few documents with sentences")

    def choose(items):
        return items[int(torch.randint(len(items), (), generator=generator))]

    pairs = []
    for i, text in enumerate(texts):
        others = [t for j, t in enumerate(texts) if j != i]
        for first, second in pairwise(text):
            label = int(torch.rand((), generator=generator) >= 0.5)
            pairs.append((first, choose(choose(others)) if label else second, label))
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
    def __init__(self, config):
        super().__init__()
        self.config = config
        dim = config.d_model
        self.token_embedding = Embedding(config.vocab_size, dim)
        self.position_embedding = LearnedPositions(config.max_len, dim)
        self.segment_embedding = Embedding(config.n_segments, dim)
        self.embedding_norm = LayerNorm(dim)
        self.emb_dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([])
        for _ in range(config.n_layers):
            self.blocks.append(PostNormBlock(dim, config.n_heads, config.d_ff, config.dropout, gelu))
        self.pooler = nn.Linear(dim, dim)
        self.nsp_head = nn.Linear(dim, 2)
        self.mlm_transform = nn.Linear(dim, dim)
        self.mlm_norm = LayerNorm(dim)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialize_(self)

    def forward(self, ids, segments=None, lengths=None):
        segments = torch.zeros_like(ids) if segments is None else segments
        x = self.position_embedding(self.token_embedding(ids)) + self.segment_embedding(segments)
        x = self.emb_dropout(self.embedding_norm(x))
        mask = None
        if lengths is not None:
            mask = padding_mask(lengths, ids.shape[-1]).to(ids.device)
        for block in self.blocks:
            x = block(x, mask=mask)
        return x

    def mlm_logits(self, hidden):
        x = self.mlm_norm(self.mlm_transform(hidden))
        x = gelu(x)
        return torch.einsum("bnd,vd->bnv", x, self.token_embedding.weight) + self.mlm_bias

    def nsp_logits(self, hidden):
        cls_token = hidden[:, 0]
        return self.nsp_head(self.pooler(cls_token))

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels):
        hidden = self(ids, segments, lengths)
        mlm_loss = F.cross_entropy(self.mlm_logits(hidden).transpose(1, 2), mlm_labels, ignore_index=-100)
        nsp_loss = F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
        return mlm_loss + nsp_loss
