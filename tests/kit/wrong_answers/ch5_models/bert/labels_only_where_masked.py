"""`mask_tokens` gives a label only to the tokens that became `mask_id`; chosen tokens that became random or stayed have
-100."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

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
    if not (0 <= probability <= 1):
        raise ValueError(f"{probability=} is no probability")
    special = sorted(set(special_ids) | {mask_id})
    normal = torch.tensor([i for i in range(vocab_size) if i not in special], dtype=ids.dtype)
    if normal.numel() == 0:
        raise ValueError(f"{vocab_size=}: nothing but special ids")

    inputs, labels = ids.clone(), ids.clone()
    probability_matrix = torch.full(ids.shape, float(probability))
    probability_matrix.masked_fill_(torch.isin(ids, torch.tensor(special)), 0.0)
    chosen = torch.bernoulli(probability_matrix, generator=generator).bool()

    # 80 %: [MASK]
    replaced = torch.bernoulli(torch.full(ids.shape, 0.8), generator=generator).bool() & chosen
    inputs[replaced] = mask_id

    # half of the rest: a random token
    randomized = torch.bernoulli(torch.full(ids.shape, 0.5), generator=generator).bool() & chosen & ~replaced
    random_words = normal[torch.randint(len(normal), ids.shape, generator=generator)]
    inputs[randomized] = random_words[randomized]

    # the loss is taken at the masked tokens only
    labels[~replaced] = -100
    return inputs, labels


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    indices = [i for i, document in enumerate(documents) if document]
    if len(indices) < 2:
        raise ValueError(f"only {len(indices)} documents have sentences, two are needed")

    def draw(n: int) -> int:
        return int(torch.randint(n, (1,), generator=generator))

    pairs = []
    for i in indices:
        others = [j for j in indices if j != i]
        for sentence, next_sentence in pairwise(documents[i]):
            if draw(2) == 0:
                pairs.append((sentence, next_sentence, 0))
            else:
                document = documents[others[draw(len(others))]]
                pairs.append((sentence, document[draw(len(document))], 1))
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
        self.blocks = nn.ModuleList(
            [
                PostNormBlock(config.d_model, config.n_heads, config.d_ff, dropout=config.dropout, activation=gelu)
                for _ in range(config.n_layers)
            ]
        )
        self.pooler = nn.Linear(config.d_model, config.d_model)
        self.mlm_transform = nn.Linear(config.d_model, config.d_model)
        self.mlm_norm = LayerNorm(config.d_model)
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.nsp_head = nn.Linear(config.d_model, 2)
        initialize_(self)

    def forward(self, ids: Tensor, segments: Tensor | None = None, lengths: Tensor | None = None) -> Tensor:
        token_type_ids = torch.zeros_like(ids) if segments is None else segments
        hidden_states = self.position_embedding(self.token_embedding(ids))
        hidden_states = hidden_states + self.segment_embedding(token_type_ids)
        hidden_states = self.embedding_norm(hidden_states)
        hidden_states = self.dropout(hidden_states)

        attention_mask = None
        if lengths is not None:
            attention_mask = padding_mask(lengths.to(ids.device), ids.size(1))
        for layer in self.blocks:
            hidden_states = layer(hidden_states, attention_mask)
        return hidden_states

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        hidden_states = self.mlm_norm(gelu(self.mlm_transform(hidden)))
        return F.linear(hidden_states, self.token_embedding.weight, self.mlm_bias)

    def nsp_logits(self, hidden: Tensor) -> Tensor:
        pooled_output = self.pooler(hidden[:, 0]).tanh()
        return self.nsp_head(pooled_output)

    def pretraining_loss(
        self, ids: Tensor, segments: Tensor | None, lengths: Tensor | None, mlm_labels: Tensor, nsp_labels: Tensor
    ) -> Tensor:
        sequence_output = self(ids, segments, lengths)
        prediction_scores = self.mlm_logits(sequence_output)
        seq_relationship_score = self.nsp_logits(sequence_output)
        masked_lm_loss = F.cross_entropy(prediction_scores.transpose(1, 2), mlm_labels, ignore_index=-100)
        next_sentence_loss = F.cross_entropy(seq_relationship_score, nsp_labels)
        return masked_lm_loss + next_sentence_loss
