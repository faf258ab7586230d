"""A GPT from torch's own tables, tied from the head's side, with a mask made once."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ch4_blocks.blocks import PreNormBlock
from ch4_blocks.feed_forward import gelu


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


@torch.no_grad()
def initialize_(model):
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if name.endswith("bias"):
                parameter.fill_(0.0)
            elif parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, dtype=parameter.dtype) * 0.02)


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.head = nn.Linear(c.d_model, c.vocab_size, bias=False)
        self.token_embedding = nn.Embedding(c.vocab_size, c.d_model)
        self.token_embedding.weight = self.head.weight
        self.position_embedding = nn.Embedding(c.max_len, c.d_model)
        self.drop = nn.Dropout(c.dropout)
        blocks = [PreNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, c.activation) for _ in range(c.n_layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(c.d_model)
        self.register_buffer("mask", torch.ones(c.max_len, c.max_len, dtype=torch.bool).tril(), persistent=False)
        initialize_(self)

    def forward(self, ids):
        _, t = ids.shape
        if t > self.config.max_len:
            raise ValueError(f"sequence of length {t}, but max_len is {self.config.max_len}")
        x = self.token_embedding(ids) + self.position_embedding(torch.arange(t, device=ids.device))
        x = self.drop(x)
        for block in self.blocks:
            x = block(x, mask=self.mask[:t, :t][None, None])
        return torch.einsum("btd,vd->btv", self.norm(x), self.token_embedding.weight)


def count_parameters(model):
    seen = {}
    for parameter in model.parameters():
        seen[id(parameter)] = parameter.numel()
    return sum(seen.values())


GPT1 = GPTConfig(vocab_size=40_000 + 478, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=4 * 768)
