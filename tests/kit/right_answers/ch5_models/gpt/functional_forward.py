"""The modules only hold the parameters; the whole forward pass, blocks and all, is one function of them."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import nn
from torch.nn import functional as F

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PreNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm


@dataclass(frozen=True, kw_only=True)
class GPTConfig:
    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    dropout: float = 0.0
    activation: object = gelu


def initialize_(model):
    for name, p in model.named_parameters():
        with torch.no_grad():
            if p.dim() >= 2:
                p.normal_(std=0.02)
            elif name.split(".")[-1] == "bias":
                p.zero_()


def _norm(x, layer):
    mean = x.mean(-1, keepdim=True)
    variance = x.var(-1, unbiased=False, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + 1e-5) * layer.weight + layer.bias


def _attend(x, layer, heads):
    b, t, d = x.shape
    q, k, v = (
        F.linear(x, p.weight, p.bias).reshape(b, t, heads, -1) for p in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    scores = torch.einsum("bihd,bjhd->bhij", q, k) / (d // heads) ** 0.5
    places = torch.arange(t, device=x.device)
    weights = torch.where(places[:, None] >= places, scores, float("-inf")).softmax(-1)
    mixed = torch.einsum("bhij,bjhd->bihd", weights, v).reshape(b, t, d)
    return F.linear(mixed, layer.out_proj.weight, layer.out_proj.bias)


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.norm = LayerNorm(config.d_model)
        sizes = (config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation)
        self.blocks = nn.ModuleList([PreNormBlock(*sizes) for _ in range(config.n_layers)])
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        initialize_(self)
        self.head.weight = self.token_embedding.weight

    def _drop(self, x):
        return F.dropout(x, self.config.dropout, self.training)

    def _layer(self, x, block):
        x = x + self._drop(_attend(_norm(x, block.norm1), block.attention, self.config.n_heads))
        up = F.linear(_norm(x, block.norm2), block.feed_forward.up.weight, block.feed_forward.up.bias)
        down = block.feed_forward.down
        return x + self._drop(F.linear(self.config.activation(up), down.weight, down.bias))

    def forward(self, ids):
        if ids.shape[1] > self.config.max_len:
            raise ValueError(f"got {ids.shape[1]} tokens")
        x = F.embedding(ids, self.token_embedding.weight) + self.position_embedding.weight[: ids.shape[1]]
        x = reduce(self._layer, self.blocks, self._drop(x))
        return _norm(x, self.norm) @ self.token_embedding.weight.t()


def count_parameters(model):
    return sum(p.shape.numel() for _, p in model.named_parameters())


GPT1 = GPTConfig(vocab_size=40478, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1)
