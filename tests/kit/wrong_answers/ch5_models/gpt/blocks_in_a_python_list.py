"""`GPT` keeps its blocks in a plain python list, so their parameters are not the model's: not counted, not drawn by
`initialize_`, not trained."""

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


def initialize_(model):
    for name, parameter in model.named_parameters():
        is_matrix = len(parameter.shape) >= 2
        if is_matrix:
            nn.init.normal_(parameter, 0.0, 0.02)
        if not is_matrix and name.endswith("bias"):
            nn.init.constant_(parameter, 0.0)


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        d = config.d_model

        self.token_embedding = Embedding(config.vocab_size, d)
        self.position_embedding = LearnedPositions(config.max_len, d)
        self.embedding_dropout = nn.Dropout(config.dropout)

        self.blocks = []
        for _ in range(config.n_layers):
            block = PreNormBlock(d, config.n_heads, config.d_ff, config.dropout, config.activation)
            self.blocks.append(block)

        self.norm = LayerNorm(d)
        self.head = nn.Linear(d, config.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight

        initialize_(self)

    def forward(self, ids):
        x = self.token_embedding(ids)
        x = self.position_embedding(x)
        x = self.embedding_dropout(x)

        seq = ids.size(1)
        mask = causal_mask(seq, seq, ids.device)
        for block in self.blocks:
            x = block(x, mask=mask)

        x = self.norm(x)
        logits = self.head(x)
        return logits


def count_parameters(model):
    total = 0
    for parameter in model.parameters():
        total = total + parameter.numel()
    return total


GPT1 = GPTConfig(
    vocab_size=40478,
    max_len=512,
    d_model=768,
    n_layers=12,
    n_heads=12,
    d_ff=3072,
    dropout=0.1,
)
