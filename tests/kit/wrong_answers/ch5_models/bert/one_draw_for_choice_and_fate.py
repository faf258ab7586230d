"""`mask_tokens` uses one random number both to choose a token and to say what becomes of it, so at a probability of
0.15 every chosen token becomes `mask_id` and none a random token or itself."""

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
    if probability < 0 or probability > 1:
        raise ValueError(f"probability {probability} must lie in [0, 1]")
    special = set(special_ids)
    special.add(mask_id)
    allowed = [i for i in range(vocab_size) if i not in special]
    if len(allowed) == 0:
        raise ValueError(f"all {vocab_size} ids of the vocabulary (vocab_size = {vocab_size}) are special")

    inputs = []
    labels = []
    for token in ids.reshape(-1).tolist():
        draw = torch.rand(1, generator=generator).item()
        if token in special or draw >= probability:
            inputs.append(token)
            labels.append(-100)
            continue
        labels.append(token)
        if draw < 0.8:
            inputs.append(mask_id)
        elif draw < 0.9:
            k = torch.randint(0, len(allowed), (1,), generator=generator).item()
            inputs.append(allowed[k])
        else:
            inputs.append(token)
    inputs = torch.tensor(inputs, dtype=ids.dtype).reshape(ids.shape)
    labels = torch.tensor(labels, dtype=ids.dtype).reshape(ids.shape)
    return inputs, labels


def next_sentence_pairs(documents, generator):
    non_empty = [d for d in documents if len(d) > 0]
    if len(non_empty) < 2:
        raise ValueError(f"need two documents with sentences, got {len(non_empty)}")
    pairs = []
    for d in range(len(non_empty)):
        document = non_empty[d]
        for s in range(len(document) - 1):
            if torch.rand(1, generator=generator).item() < 0.5:
                pairs.append((document[s], document[s + 1], 0))
            else:
                # one number less, and jump over the own document
                k = torch.randint(0, len(non_empty) - 1, (1,), generator=generator).item()
                if k >= d:
                    k = k + 1
                other = non_empty[k]
                j = torch.randint(0, len(other), (1,), generator=generator).item()
                pairs.append((document[s], other[j], 1))
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
        d = config.d_model
        self.token_embedding = Embedding(config.vocab_size, d)
        self.position_embedding = LearnedPositions(config.max_len, d)
        self.segment_embedding = Embedding(config.n_segments, d)
        self.embedding_norm = LayerNorm(d)
        self.embedding_dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList()
        for _ in range(config.n_layers):
            self.blocks.append(PostNormBlock(d, config.n_heads, config.d_ff, config.dropout, gelu))
        self.pooler = nn.Linear(d, d)
        self.nsp_head = nn.Linear(d, 2)
        self.mlm_transform = nn.Linear(d, d)
        self.mlm_norm = LayerNorm(d)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialize_(self)

    def forward(self, ids: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        if segments is None:
            segments = torch.zeros_like(ids)
        x = self.token_embedding(ids) + self.segment_embedding(segments)
        x = self.position_embedding(x)
        x = self.embedding_dropout(self.embedding_norm(x))
        if lengths is None:
            mask = None
        else:
            mask = padding_mask(lengths, ids.shape[1]).to(ids.device)
        for block in self.blocks:
            x = block(x, mask)
        return x

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        h = self.mlm_transform(hidden)
        h = gelu(h)
        h = self.mlm_norm(h)
        return torch.matmul(h, self.token_embedding.weight.t()) + self.mlm_bias

    def nsp_logits(self, hidden: Tensor) -> Tensor:
        cls = hidden[:, 0, :]
        pooled = torch.tanh(self.pooler(cls))
        return self.nsp_head(pooled)

    def pretraining_loss(self, ids, segments, lengths, mlm_labels, nsp_labels) -> Tensor:
        hidden = self.forward(ids, segments, lengths)
        mlm = self.mlm_logits(hidden)
        mlm_loss = F.cross_entropy(mlm.reshape(-1, mlm.shape[-1]), mlm_labels.reshape(-1))
        nsp_loss = F.cross_entropy(self.nsp_logits(hidden), nsp_labels)
        return mlm_loss + nsp_loss
