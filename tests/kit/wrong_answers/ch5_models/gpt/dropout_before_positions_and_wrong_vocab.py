"""`GPT.forward` applies dropout to the token vectors before the positions are added, and `GPT1` has a vocabulary of the
40,000 merges alone, without the 478 characters."""

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
    for name, weight in model.named_parameters():
        match weight.ndim:
            case 0 | 1:
                if name.endswith("bias"):
                    nn.init.zeros_(weight)
            case _:
                nn.init.normal_(weight, std=0.02)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.embed_dropout = nn.Dropout(config.dropout)
        blocks = []
        for _ in range(config.n_layers):
            blocks.append(PreNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation))
        self.blocks = nn.ModuleList(blocks)
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed_dropout(self.token_embedding(ids))
        x = self.position_embedding(x)
        seq_len = x.shape[1]
        mask = causal_mask(seq_len, device=x.device)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


GPT1 = GPTConfig(
    vocab_size=40_000,
    max_len=512,
    d_model=768,
    n_layers=12,
    n_heads=12,
    d_ff=3_072,
    dropout=0.1,
)
