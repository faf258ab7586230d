"""The causal mask is a buffer that is saved with the weights; the forward pass cuts it to size."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import causal_mask
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
    activation: Callable[[Tensor], Tensor] = gelu


def initialize_(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2:
            nn.init.normal_(parameter, std=0.02)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            PreNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation)
            for _ in range(config.n_layers)
        )
        self.norm = LayerNorm(config.d_model)
        self.register_buffer("mask", causal_mask(config.max_len))
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Int[Tensor, "batch seq"]) -> Float[Tensor, "batch seq vocab"]:
        x = self.dropout(self.position_embedding(self.token_embedding(ids)))
        mask = self.mask[: ids.shape[1], : ids.shape[1]]
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


GPT1 = GPTConfig(40_478, 512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1)
