"""The head is tied by `.data`, so `head.weight` and `token_embedding.weight` are two parameters, not one."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import causal_mask
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
    for name, p in model.named_parameters():
        if p.dim() > 1:
            nn.init.normal_(p, mean=0.0, std=0.02)
        elif name.rpartition(".")[2] == "bias":
            nn.init.zeros_(p)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            [
                PreNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation)
                for _ in range(config.n_layers)
            ]
        )
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        # weight tying
        self.head.weight.data = self.token_embedding.weight.data
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        T = ids.shape[1]
        x = self.drop(self.position_embedding(self.token_embedding(ids)))
        mask = causal_mask(T, device=ids.device)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        return self.head(x)


def count_parameters(model: nn.Module) -> int:
    n = 0
    for p in model.parameters():
        n += p.numel()
    return n


GPT1 = GPTConfig(vocab_size=478 + 40_000, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1)
