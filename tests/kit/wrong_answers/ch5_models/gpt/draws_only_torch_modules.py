"""`initialize_` looks for nn.Linear and nn.Embedding, so the parameters of all other modules, such as the own Embedding
and LayerNorm, keep the values that they had."""

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


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def initialize_(model: nn.Module) -> None:
    model.apply(_init_weights)


class GPT(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, config.d_model)
        self.position_embedding = LearnedPositions(config.max_len, config.d_model)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList([self._make_block(config) for _ in range(config.n_layers)])
        self.norm = LayerNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.token_embedding.weight = self.head.weight
        initialize_(self)

    @staticmethod
    def _make_block(config: GPTConfig) -> PreNormBlock:
        return PreNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, config.activation)

    def forward(self, ids: Tensor) -> Tensor:
        t = ids.size(1)
        tok_emb = self.token_embedding(ids)
        x = self.drop(self.position_embedding(tok_emb))
        mask = causal_mask(t).to(ids.device)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        logits = self.head(x)
        return logits


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


GPT1 = GPTConfig(vocab_size=40478, max_len=512, n_layers=12, n_heads=12, d_model=768, d_ff=3072, dropout=0.1)
