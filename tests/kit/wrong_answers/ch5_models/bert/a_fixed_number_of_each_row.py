"""Of each row a fixed number of tokens is masked, as the published code does; here each token is chosen on its own."""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.normalization import LayerNorm


def mask_tokens(ids, mask_id, vocab_size, special_ids, probability, generator):
    if not 0 <= probability <= 1:
        raise ValueError("probability must be in [0, 1], got %r" % probability)
    special_ids = set(special_ids).union([mask_id])
    allowed = sorted(set(range(vocab_size)).difference(special_ids))
    if len(allowed) == 0:
        raise ValueError(f"all {vocab_size} ids are special")
    labels, inputs = torch.full_like(ids, -100), ids.clone()
    for row in range(len(ids) if ids.dim() > 1 else 1):
        words = inputs[row] if ids.dim() > 1 else inputs
        answers = labels[row] if ids.dim() > 1 else labels
        places = [i for i, word in enumerate(words.flatten().tolist()) if word not in special_ids]
        order = torch.randperm(len(places), generator=generator).tolist()
        for i in order[: round(probability * len(places))]:
            place = places[i]
            answers.view(-1)[place] = words.view(-1)[place]
            fate = torch.rand((), generator=generator)
            if fate < 0.8:
                words.view(-1)[place] = mask_id
            elif fate < 0.9:
                words.view(-1)[place] = allowed[int(torch.randint(len(allowed), (), generator=generator))]
    return inputs, labels


def next_sentence_pairs(documents, generator):
    full = [d for d in documents if len(d) >= 1]
    if len(full) <= 1:
        raise ValueError(f"need two documents, got {len(full)}")
    out = []
    for number, sentences in enumerate(full):
        for j in range(len(sentences) - 1):
            if torch.rand(1, generator=generator).item() >= 0.5:
                out.append((sentences[j], sentences[j + 1], 0))
                continue
            other = torch.randint(len(full) - 1, (1,), generator=generator).item()
            other = full[other + (other >= number)]
            out.append((sentences[j], other[torch.randint(len(other), (1,), generator=generator).item()], 1))
    return out


@dataclass
class BERTConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    n_segments: int = 2
    dropout: float = 0.0


def fp32(norm, x):
    return F.layer_norm(x.float(), norm.weight.shape, norm.weight.float(), norm.bias.float(), 1e-5).type_as(x)


class BERT(nn.Module):
    def __init__(self, config):
        super(BERT, self).__init__()
        self.config, d = config, config.d_model
        self.token_embedding = Embedding(config.vocab_size, d)
        self.position_embedding = LearnedPositions(config.max_len, d)
        self.segment_embedding = Embedding(config.n_segments, d)
        self.register_buffer("position_ids", torch.arange(config.max_len)[None], persistent=False)
        self.embedding_norm = LayerNorm(d)
        self.blocks = nn.ModuleList(
            [PostNormBlock(d, config.n_heads, config.d_ff, dropout=config.dropout) for _ in range(config.n_layers)]
        )
        self.pooler = nn.Linear(d, d)
        self.mlm_transform = nn.Linear(d, d)
        self.mlm_norm = LayerNorm(d)
        self.mlm_bias = nn.Parameter(torch.empty(config.vocab_size))
        self.nsp_head = nn.Linear(d, 2)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                p.data.normal_(std=0.02)
            elif "bias" in name:
                p.data.zero_()

    def forward(self, ids, segments=None, lengths=None):
        seq = ids.size(1)
        if seq > self.config.max_len:
            raise ValueError(f"max_len is {self.config.max_len}")
        kinds = ids.new_zeros(ids.shape) if segments is None else segments
        x = self.segment_embedding(kinds) + self.token_embedding(ids)
        x = x + self.position_embedding.weight[self.position_ids[:, :seq]]
        x = F.dropout(fp32(self.embedding_norm, x), self.config.dropout, self.training)
        real = None
        if lengths is not None:
            real = (self.position_ids[:, :seq] < lengths.view(-1, 1)).view(ids.size(0), 1, 1, seq)
        for layer in self.blocks:
            x = layer(x, mask=real)
        return x

    def mlm_logits(self, hidden):
        x = fp32(self.mlm_norm, F.gelu(self.mlm_transform(hidden)))
        return F.linear(x, self.token_embedding.weight, self.mlm_bias)

    def nsp_logits(self, hidden):
        first = hidden.narrow(1, 0, 1).squeeze(1)
        return self.nsp_head(self.pooler(first).tanh())

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels):
        hidden = self(ids, segments=segments, lengths=lengths)
        mlm = F.cross_entropy(self.mlm_logits(hidden).transpose(1, 2), mlm_labels)
        nsp = F.cross_entropy(self.nsp_logits(hidden).view(-1, 2), nsp_labels.view(-1))
        return mlm + nsp
