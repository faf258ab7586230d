"""The attention is written out in the model, with a dropout of its own on the weights: one more than the blocks have."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PreNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm


@dataclass(frozen=True)
class GPTConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    dropout: float = 0.0
    activation: Callable = gelu


def initialize_(model):
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.02)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.token_embedding = Embedding(c.vocab_size, c.d_model)
        self.position_embedding = LearnedPositions(c.max_len, c.d_model)
        self.blocks = nn.ModuleList(
            PreNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, c.activation) for _ in range(c.n_layers)
        )
        self.norm = LayerNorm(c.d_model)
        self.head = nn.Linear(c.d_model, c.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def drop(self, x):
        return F.dropout(x, self.config.dropout, self.training)

    def attend(self, part, x):
        batch, seq, _ = x.shape
        q, k, v = (
            p(x).unflatten(-1, (part.n_heads, -1)).transpose(1, 2) for p in (part.q_proj, part.k_proj, part.v_proj)
        )
        past = torch.ones(seq, seq, dtype=torch.bool, device=x.device).tril()
        weights = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~past, float("-inf")).softmax(-1)
        return part.out_proj((self.drop(weights) @ v).transpose(1, 2).flatten(2))

    def forward(self, ids):
        x = self.drop(self.position_embedding(self.token_embedding(ids)))
        for block in self.blocks:
            x = x + self.drop(self.attend(block.attention, block.norm1(x)))
            x = x + self.drop(block.feed_forward(block.norm2(x)))
        return self.head(self.norm(x))


def count_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


GPT1 = GPTConfig(40_478, 512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1)
