"""`next_sentence_pairs` draws the second sentence of a false pair from all documents, also from the first one's own."""

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


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability should be between 0 and 1, not {probability}")
    special_ids = {int(s) for s in special_ids} | {mask_id}
    candidates = torch.tensor(sorted(set(range(vocab_size)) - special_ids), dtype=torch.int64)
    if candidates.numel() == 0:
        raise ValueError(f"no id below vocab_size={vocab_size} is left for random tokens")

    maskable = torch.ones(ids.shape, dtype=torch.bool)
    for s in special_ids:
        maskable &= ids != s

    u = torch.rand((2, *ids.shape), generator=generator)
    chosen = maskable & (u[0] < probability)
    to_mask = chosen & (u[1] < 0.8)
    to_random = chosen & (u[1] >= 0.8) & (u[1] < 0.9)
    noise = candidates[torch.randint(0, candidates.numel(), ids.shape, generator=generator)]

    inputs = ids.masked_fill(to_mask, mask_id)
    inputs = torch.where(to_random, noise, inputs)
    labels = ids.masked_fill(~chosen, -100)
    return inputs, labels


def next_sentence_pairs(documents, generator):
    documents = [document for document in documents if document]
    if len(documents) < 2:
        raise ValueError(f"{len(documents)} documents with sentences, but it takes at least 2")

    def pick(items):
        return items[torch.randint(len(items), (), generator=generator).item()]

    pairs = []
    for document in documents:
        for i in range(len(document) - 1):
            is_next = torch.rand((), generator=generator).item() < 0.5
            if is_next:
                pairs.append((document[i], document[i + 1], 0))
            else:
                pairs.append((document[i], pick(pick(documents)), 1))
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
        self.config = c = config
        self.token_embedding = Embedding(c.vocab_size, c.d_model)
        self.segment_embedding = Embedding(c.n_segments, c.d_model)
        self.position_embedding = LearnedPositions(c.max_len, c.d_model)
        self.embedding_norm = LayerNorm(c.d_model)
        self.emb_dropout = nn.Dropout(c.dropout)
        self.blocks = nn.ModuleList(
            PostNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, gelu) for _ in range(c.n_layers)
        )
        self.mlm_transform = nn.Linear(c.d_model, c.d_model)
        self.mlm_norm = LayerNorm(c.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(c.vocab_size))
        self.pooler = nn.Linear(c.d_model, c.d_model)
        self.nsp_head = nn.Linear(c.d_model, 2)
        initialize_(self)

    def forward(self, ids, segments=None, lengths=None):
        n = ids.shape[1]
        if segments is None:
            segments = ids.new_zeros(ids.shape)
        x = self.token_embedding(ids)
        x = x + self.segment_embedding(segments)
        x = self.position_embedding(x)
        x = self.emb_dropout(self.embedding_norm(x))
        mask = padding_mask(lengths, n).to(ids.device) if lengths is not None else None
        for block in self.blocks:
            x = block(x, mask=mask)
        return x

    def mlm_logits(self, hidden):
        x = self.mlm_norm(gelu(self.mlm_transform(hidden)))
        return torch.einsum("b n d, v d -> b n v", x, self.token_embedding.weight) + self.mlm_bias

    def nsp_logits(self, hidden):
        return self.nsp_head(self.pooler(hidden[:, 0]).tanh())

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels) -> Tensor:
        hidden = self(ids, segments=segments, lengths=lengths)
        mlm_loss = F.cross_entropy(self.mlm_logits(hidden).flatten(0, 1), mlm_labels.flatten(), ignore_index=-100)
        nsp_loss = F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
        return mlm_loss + nsp_loss
