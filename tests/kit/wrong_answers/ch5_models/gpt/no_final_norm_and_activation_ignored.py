"""`GPT.forward` hands the last block's sum to the head without the final norm, and the blocks do not get the
configuration's activation."""

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
        if p.ndim >= 2:
            nn.init.normal_(p, 0.0, 0.02)
        elif name.endswith("bias"):
            nn.init.zeros_(p)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.dropout = nn.Dropout(p=config.dropout)
        self.blocks = nn.ModuleList(
            [
                PreNormBlock(
                    d_model=config.d_model,
                    n_heads=config.n_heads,
                    d_ff=config.d_ff,
                    dropout=config.dropout,
                )
                for _ in range(config.n_layers)
            ]
        )
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        embedded = self.position_embedding(self.token_embedding(ids))
        out = self.dropout(embedded)
        mask = causal_mask(ids.shape[1], device=ids.device)
        for block in self.blocks:
            out = block(out, mask)
        return self.head(out)


def count_parameters(model: nn.Module) -> int:
    count = 0
    for p in model.parameters():
        count += p.numel()
    return count


GPT1 = GPTConfig(
    vocab_size=40478, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1, activation=gelu
)
