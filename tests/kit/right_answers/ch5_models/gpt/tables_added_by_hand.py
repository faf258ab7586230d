"""Published style: an additive mask as a buffer, tables added by hand, the final norm in float32, start values by module."""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks import blocks, feed_forward
from ch4_blocks.normalization import LayerNorm


@dataclass
class GPTConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    dropout: float = 0.0
    activation: object = feed_forward.gelu


def initialize_(model):
    def start(module):
        for p in module.parameters(recurse=False):
            if p.dim() > 1:
                p.data.normal_(0.0, 0.02)
        if getattr(module, "bias", None) is not None:
            module.bias.data.zero_()

    model.apply(start)


class GPT(nn.Module):
    def __init__(self, config):
        super(GPT, self).__init__()
        cfg = self.config = config
        self.token_embedding = Embedding(cfg.vocab_size, cfg.d_model)
        self.position_embedding = LearnedPositions(cfg.max_len, cfg.d_model)
        self.blocks = nn.ModuleList()
        for _ in range(cfg.n_layers):
            block = blocks.PreNormBlock(
                cfg.d_model, cfg.n_heads, cfg.d_ff, activation=cfg.activation, dropout=cfg.dropout
            )
            self.blocks.append(block)
        self.norm = LayerNorm(cfg.d_model)
        self.head = nn.Linear(cfg.d_model, cfg.vocab_size, bias=False)
        self.token_embedding.weight = self.head.weight
        future = torch.full((cfg.max_len, cfg.max_len), -math.inf).triu(1)
        self.register_buffer("_future", future, persistent=False)
        initialize_(self)

    def forward(self, ids):
        length, longest = ids.size(-1), self.config.max_len
        if length > longest:
            raise ValueError("at most %d tokens" % longest)
        x = self.token_embedding.weight[ids] + self.position_embedding.weight.narrow(0, 0, length)
        x = F.dropout(x, p=self.config.dropout, training=self.training)
        seen = self._future[:length, :length] == 0
        for layer in self.blocks:
            x = layer(x, seen)
        x = F.layer_norm(x.float(), x.shape[-1:], self.norm.weight.float(), self.norm.bias.float()).to(x.dtype)
        return F.linear(x, self.head.weight)


def count_parameters(model):
    return sum(map(torch.numel, model.parameters()))


GPT1 = GPTConfig(n_layers=12, n_heads=12, d_model=768, d_ff=3072, max_len=512, vocab_size=40478)
