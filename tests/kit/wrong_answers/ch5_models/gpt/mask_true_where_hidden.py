"""`GPT.forward` makes a mask that is True where a position may not look, so every position sees only later ones."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PreNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT. `d_ff` is the width inside the feed-forward networks, usually `4 * d_model`."""

    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    dropout: float = 0.0
    activation: Callable[[Tensor], Tensor] = gelu


def initialize_(model: nn.Module) -> None:
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim >= 2:
                p.normal_(0.0, 0.02)
            elif name.endswith("bias"):
                p.zero_()


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.emb_drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([])
        for _ in range(config.n_layers):
            self.blocks.append(
                PreNormBlock(
                    config.d_model,
                    config.n_heads,
                    config.d_ff,
                    dropout=config.dropout,
                    activation=config.activation,
                )
            )
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        n, device = ids.shape[1], ids.device
        x = self.emb_drop(self.position_embedding(self.token_embedding(ids)))
        # everything above the diagonal is the future
        mask = torch.ones((n, n), dtype=torch.bool, device=device).triu(1)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def count_parameters(model: nn.Module) -> int:
    return sum(map(Tensor.numel, model.parameters()))


GPT1 = GPTConfig(40_478, 512, 768, 12, 12, 4 * 768, 0.1)
