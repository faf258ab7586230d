"""`count_parameters` adds up the state dict, so a parameter with two names counts twice and buffers count as well."""

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
    """N(0, 0.02) for tables and matrices, zeros for biases; all other vectors are left alone."""
    parameters = dict(model.named_parameters())
    for name in parameters:
        if parameters[name].ndim >= 2:
            nn.init.normal_(parameters[name], mean=0, std=0.02)
        elif name == "bias" or name.endswith(".bias"):
            nn.init.zeros_(parameters[name])


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.token_embedding = Embedding(c.vocab_size, c.d_model)
        self.position_embedding = LearnedPositions(c.max_len, c.d_model)
        self.dropout = nn.Dropout(c.dropout)
        self.blocks = nn.ModuleList(
            PreNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, c.activation) for _ in range(c.n_layers)
        )
        self.norm = LayerNorm(c.d_model)
        self.head = nn.Linear(c.d_model, c.vocab_size, bias=False)
        self.head.weight = self.token_embedding.weight
        initialize_(self)

    def embed(self, ids):
        return self.dropout(self.position_embedding(self.token_embedding(ids)))

    def forward(self, ids):
        hidden_states = self.embed(ids)
        attention_mask = causal_mask(ids.shape[-1], device=ids.device)
        for layer in self.blocks:
            hidden_states = layer(hidden_states, mask=attention_mask)
        return self.head(self.norm(hidden_states))


def count_parameters(model):
    return sum(tensor.numel() for tensor in model.state_dict().values())


GPT1 = GPTConfig(40478, 512, d_model=768, n_layers=12, n_heads=12, d_ff=3072, dropout=0.1)
