"""`BERT.forward` ignores `lengths` and hides every token with id 0 instead."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if probability < 0.0 or probability > 1.0:
        raise ValueError(f"bad probability {probability}")
    special = set(special_ids) | {mask_id}
    normal_ids = [i for i in range(vocab_size) if i not in special]
    if not normal_ids:
        raise ValueError(f"vocab_size = {vocab_size} leaves no ordinary id")
    normal_ids = torch.tensor(normal_ids)
    special_tensor = torch.tensor(sorted(special))

    # first number: chosen or not; second number: what happens to it
    r1 = torch.rand(ids.shape, generator=generator)
    r2 = torch.rand(ids.shape, generator=generator)
    chosen = (r1 < probability) & ~torch.isin(ids, special_tensor)

    index = torch.randint(0, len(normal_ids), ids.shape, generator=generator)
    random_tokens = normal_ids[index]

    inputs = torch.where(chosen & (r2 < 0.8), torch.tensor(mask_id), ids)
    inputs = torch.where(chosen & (r2 >= 0.8) & (r2 < 0.9), random_tokens, inputs)
    labels = torch.where(chosen, ids, torch.tensor(-100))
    return inputs, labels


def next_sentence_pairs(documents, generator):
    docs = [doc for doc in documents if len(doc) >= 1]
    if len(docs) < 2:
        raise ValueError(f"I need at least two documents with sentences, there are {len(docs)}")
    result = []
    for i in range(len(docs)):
        for j in range(len(docs[i]) - 1):
            first = docs[i][j]
            coin = torch.rand(1, generator=generator).item()
            if coin < 0.5:
                second, label = docs[i][j + 1], 0
            else:
                other_docs = docs[:i] + docs[i + 1 :]
                d = torch.randint(0, len(other_docs), (1,), generator=generator).item()
                s = torch.randint(0, len(other_docs[d]), (1,), generator=generator).item()
                second, label = other_docs[d][s], 1
            result.append((first, second, label))
    return result


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
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.segment_embedding = Embedding(config.n_segments, config.d_model)
        self.embedding_norm = LayerNorm(config.d_model)
        self.dropout = nn.Dropout(p=config.dropout)
        self.blocks = nn.ModuleList(
            [
                PostNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, gelu)
                for _ in range(config.n_layers)
            ]
        )
        self.mlm_transform = nn.Linear(config.d_model, config.d_model)
        self.mlm_norm = LayerNorm(config.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.pooler = nn.Linear(config.d_model, config.d_model)
        self.nsp_head = nn.Linear(config.d_model, 2)
        initialize_(self)

    def forward(self, ids, segments=None, lengths=None):
        # (batch, seq) -> (batch, 1, seq)
        mask = (ids > 0).unsqueeze(1)
        if segments is None:
            segments = torch.zeros_like(ids)
        x = self.position_embedding(self.token_embedding(ids)) + self.segment_embedding(segments)
        x = self.dropout(self.embedding_norm(x))
        for block in self.blocks:
            x = block(x, mask)
        return x

    def mlm_logits(self, hidden):
        h = self.mlm_transform(hidden)
        h = self.mlm_norm(gelu(h))
        return h @ self.token_embedding.weight.T + self.mlm_bias

    def nsp_logits(self, hidden):
        pooled = torch.tanh(self.pooler(hidden[:, 0]))
        return self.nsp_head(pooled)

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels):
        hidden = self.forward(ids, segments, lengths)
        mask_lm = F.cross_entropy(self.mlm_logits(hidden).transpose(1, 2), mlm_labels, ignore_index=-100)
        next_sent = F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
        return mask_lm + next_sent
