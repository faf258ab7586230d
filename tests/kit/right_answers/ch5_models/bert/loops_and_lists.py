"""Masking token by token in plain lists, pairs from a flat list of places, one-hot tables, a loss from sums."""

import random
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import gelu, one_hot

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import padding_mask
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_


def _python_generator(generator):
    return random.Random(int(torch.randint(2**62, (1,), generator=generator)))


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if probability > 1.0 or probability < 0.0:
        raise ValueError(f"{probability} is no probability")
    forbidden = frozenset(special_ids) | {mask_id}
    free = [i for i in range(vocab_size) if i not in forbidden]
    if not free:
        raise ValueError(f"{len(forbidden)} special ids leave nothing")
    lot = _python_generator(generator)
    inputs, labels = [], []
    for i in ids.flatten().tolist():
        if i in forbidden or lot.random() >= probability:
            inputs.append(i)
            labels.append(-100)
            continue
        labels.append(i)
        inputs.append(lot.choices([mask_id, lot.choice(free), i], weights=[8, 1, 1])[0])
    return torch.tensor(inputs).reshape(ids.shape), torch.tensor(labels).reshape(ids.shape)


def next_sentence_pairs(documents, generator):
    numbers = [n for n in range(len(documents)) if documents[n]]
    if len(numbers) < 2:
        raise ValueError(f"only {len(numbers)}")
    lot = _python_generator(generator)
    pairs = []
    for n, place in [(n, place) for n in numbers for place in range(1, len(documents[n]))]:
        is_next = lot.random() < 0.5
        second = documents[n][place] if is_next else lot.choice(documents[lot.choice([m for m in numbers if m != n])])
        pairs.append((documents[n][place - 1], second, 1 - is_next))
    return pairs


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
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.nsp_head = nn.Linear(c.d_model, 2)
        self.mlm_bias = nn.Parameter(torch.zeros(c.vocab_size))
        self.mlm_norm, self.embedding_norm = LayerNorm(c.d_model), LayerNorm(c.d_model)
        self.mlm_transform, self.pooler = nn.Linear(c.d_model, c.d_model), nn.Linear(c.d_model, c.d_model)
        self.token_embedding = Embedding(c.vocab_size, c.d_model)
        self.segment_embedding = Embedding(c.n_segments, c.d_model)
        self.position_embedding = LearnedPositions(c.max_len, c.d_model)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < c.n_layers:
            self.blocks.append(PostNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, gelu))
        self.drop = nn.Dropout(c.dropout)
        initialize_(self)

    def forward(self, ids, segments=None, lengths=None):
        table = self.token_embedding.weight
        x = one_hot(ids, len(table)).to(table.dtype) @ table if ids.device.type == "cpu" else self.token_embedding(ids)
        rows = self.segment_embedding.weight
        x = self.position_embedding(x) + (rows[0] if segments is None else rows[segments])
        x = self.drop(self.embedding_norm(x))
        for block in self.blocks:
            x = block(x) if lengths is None else block(x, padding_mask(lengths, ids.shape[1]))
        return x

    def mlm_logits(self, hidden):
        x = self.mlm_norm(gelu(self.mlm_transform(hidden)))
        return torch.einsum("bsd,vd->bsv", x, self.token_embedding.weight) + self.mlm_bias

    def nsp_logits(self, hidden):
        return self.nsp_head(torch.tanh(self.pooler(hidden)))[:, 0]

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels):
        hidden = self(ids, segments, lengths)
        logits, counts = self.mlm_logits(hidden), mlm_labels != -100
        right = logits.gather(-1, mlm_labels.clamp(min=0)[..., None])[..., 0]
        each = torch.logsumexp(logits, -1) - right
        two = self.nsp_logits(hidden)
        pairs = two.logsumexp(-1) - two[range(len(ids)), nsp_labels]
        return each[counts].sum() / counts.sum() + pairs.sum() / len(pairs)
