"""A BERT whose masking draws one number of twenty per position, with a loss from log-probabilities."""

from dataclasses import dataclass

import torch
from torch import nn

from ch4_blocks.blocks import PostNormBlock


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if probability < 0 or probability > 1:
        raise ValueError(f"probability {probability}")
    special = torch.zeros(vocab_size, dtype=torch.bool)
    special[torch.tensor([mask_id, *special_ids])] = True
    ordinary = (~special).nonzero().squeeze(1)
    if ordinary.numel() == 0:
        raise ValueError(f"no ordinary id below {vocab_size}")
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    chosen = torch.bernoulli(torch.full(ids.shape, float(probability)), generator=generator).bool() & ~special[ids]
    labels[chosen] = ids[chosen]
    lot = torch.randint(0, 20, ids.shape, generator=generator)
    inputs[chosen & (lot >= 4)] = mask_id
    swap = chosen & (lot < 2)
    inputs[swap] = ordinary[torch.randint(0, len(ordinary), (int(swap.sum()),), generator=generator)]
    return inputs, labels


def next_sentence_pairs(documents, generator):
    def lot(n):
        return torch.randint(0, n, (1,), generator=generator).item()

    usable = [i for i, document in enumerate(documents) if len(document) > 0]
    if len(usable) <= 1:
        raise ValueError(f"only {len(usable)} document")
    pairs = []
    for i in usable:
        for place in range(len(documents[i]) - 1):
            second, label = documents[i][place + 1], lot(2)
            if label == 1:
                j = i
                while j == i:
                    j = usable[lot(len(usable))]
                second = documents[j][lot(len(documents[j]))]
            pairs.append((documents[i][place], second, label))
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
        self.config = config
        d = config.d_model
        self.token_embedding = nn.Embedding(config.vocab_size, d)
        self.position_embedding = nn.Embedding(config.max_len, d)
        self.segment_embedding = nn.Embedding(config.n_segments, d)
        self.embedding_norm = nn.LayerNorm(d)
        self.mlm_norm = nn.LayerNorm(d)
        self.drop = nn.Dropout(config.dropout)
        blocks = [PostNormBlock(d, config.n_heads, config.d_ff, config.dropout) for _ in range(config.n_layers)]
        self.blocks = nn.ModuleList(blocks)
        self.pooler, self.mlm_transform, self.nsp_head = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, 2)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, 0.0, 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, ids, segments=None, lengths=None):
        batch, seq = ids.shape
        if seq > self.config.max_len:
            raise ValueError(f"sequence of length {seq}, but max_len is {self.config.max_len}")
        places = torch.arange(seq, device=ids.device)
        segment_vectors = self.segment_embedding.weight[:1] if segments is None else self.segment_embedding(segments)
        x = self.token_embedding(ids) + self.position_embedding(places) + segment_vectors
        x = self.drop(self.embedding_norm(x))
        mask = None if lengths is None else (places < lengths[:, None])[:, None, None, :].expand(batch, 1, seq, seq)
        for block in self.blocks:
            x = block(x, mask)
        return x

    def mlm_logits(self, hidden):
        x = nn.functional.gelu(self.mlm_transform(hidden))
        return nn.functional.linear(self.mlm_norm(x), self.token_embedding.weight, self.mlm_bias)

    def nsp_logits(self, hidden):
        return self.nsp_head(self.pooler(hidden[:, 0, :]).tanh())

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels):
        hidden = self.forward(ids, segments, lengths)
        counts = mlm_labels != -100
        log_probabilities = self.mlm_logits(hidden[counts]).log_softmax(-1)
        mlm = -log_probabilities.gather(1, mlm_labels[counts][:, None]).mean()
        rows = torch.arange(len(ids))
        return mlm - self.nsp_logits(hidden).log_softmax(-1)[rows, nsp_labels].mean()
