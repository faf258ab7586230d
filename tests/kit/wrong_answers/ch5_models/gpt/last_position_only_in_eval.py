"""In eval mode `GPT.forward` returns the logits of the last position only, not those of every position."""

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
    for name, param in model.named_parameters():
        if name.endswith("bias") and param.ndim < 2:
            nn.init.zeros_(param)
        elif param.ndim >= 2:
            nn.init.normal_(param, std=0.02)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.drop = nn.Dropout(config.dropout)
        block_args = (config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation)
        self.blocks = nn.ModuleList(PreNormBlock(*block_args) for _ in range(config.n_layers))
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        t = ids.size(1)
        x = self.drop(self.position_embedding(self.token_embedding(ids)))
        mask = causal_mask(t, device=ids.device)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        if self.training:
            logits = self.head(x)
        else:
            # when we write text, only the last position is needed
            logits = self.head(x[:, [-1], :])
        return logits


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


GPT1 = GPTConfig(vocab_size=40478, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=4 * 768, dropout=0.1)
