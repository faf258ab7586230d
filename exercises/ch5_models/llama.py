"""# LLaMA: the modern decoder

**What has changed since the GPT of 2018, and why?** A GPT with a table of 512 positions cannot read token 513, and
it keeps a key and a value for each of its heads while it writes.

The decoders of today are that GPT with five parts exchanged. Each exchange is small, and you have made each part:

| GPT | LLaMA, Mistral | why |
|---|---|---|
| LayerNorm | RMSNorm | the same quality with less work |
| learned positions, added | rotary positions, queries and keys turned | scores depend on the distance |
| a key and a value for every head | `n_kv_heads`, each shared by several heads | a smaller cache when generating |
| GELU | SwiGLU | a gate, better for the same work |
| biases | none | not needed |

The order is pre-norm, as in GPT-2:

    x = x + attention(norm1(x))
    x = x + feed_forward(norm2(x))

Inside the attention, queries and keys are turned **after** they are split into heads and **before** keys are
repeated for their groups. Values are not turned. Position 0 is the first token. There is no table of positions.

With a `window` each position attends to the last `window` tokens, its own among them (Mistral). Layer by layer the
model still sees further: two layers reach two windows back.

| name | shape |
|---|---|
| `ids` | `(batch, seq)`, int64, `seq` at most `max_len` |
| `q_proj.weight` | `(d_model, d_model)` |
| `k_proj.weight`, `v_proj.weight` | `(n_kv_heads · d_head, d_model)`, `d_head = d_model / n_heads` |
| `logits` | `(batch, seq, vocab_size)` |

By hand: `vocab_size=10, max_len=6, d_model=8, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=12`. Queries and output have
64 numbers each, keys and values 32 each, SwiGLU 3 · 96 = 288, three norms 8 each, table and head 80 each:
192 + 288 + 24 + 160 = 664.

Not to be used here: `nn.Transformer` and its relatives; put your own parts together.

Sources: Touvron et al., *LLaMA: Open and Efficient Foundation Language Models*, 2023, section 2.2; Touvron et al.,
*Llama 2*, 2023, section 2.2, for grouped queries; Jiang et al., *Mistral 7B*, 2023, section 2, for the window; Su et
al., *RoFormer*, 2021, equations 15 and 34, for rotary positions.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.grouped_query import GroupedQueryAttention
from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch3_attention.sparse import sliding_window_mask
from ch4_blocks.feed_forward import SwiGLU
from ch4_blocks.normalization import RMSNorm
from ch5_models.gpt import initialize_


@dataclass(frozen=True)
class LlamaConfig:
    """The sizes of a Llama. `window` None means that each position sees all before it; `tied` shares table and head."""

    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_ff: int
    rope_base: float = 10000.0
    window: int | None = None
    tied: bool = False


class LlamaAttention(GroupedQueryAttention):
    """Grouped-query attention with rotary positions 0, 1, 2, … on queries and keys.

    It has the projections of GroupedQueryAttention, `q_proj`, `k_proj`, `v_proj`, `out_proj`, without biases. Pairs
    turn with the base `rope_base`. An odd `d_head` cannot be turned in pairs: `__init__` raises a ValueError that names
    it.

    >>> LlamaAttention(8, n_heads=4, n_kv_heads=2)(torch.zeros(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, rope_base: float = 10000.0) -> None:
        # TODO: GroupedQueryAttention's own __init__ makes the projections; keep the other numbers.
        # TODO: refuse an odd d_head.
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """Attention of `x` to itself: each group of neighbouring query heads shares a head of keys and values.

        Without a mask each position attends to all. A mask has 2, 3 or 4 axes: `(seq, seq)`, `(batch, seq or 1, seq)`,
        or with a heads axis, `(batch, heads or 1, seq, seq)`.
        """
        # TODO: project; split queries into n_heads, keys and values into n_kv_heads.
        # TODO: turn queries and keys by their positions.
        # TODO: give each group of query heads its key and value head (head i of n_kv_heads serves neighbours).
        # TODO: give a mask of 3 axes its heads axis; attend, merge the heads, project out.
        raise NotImplementedError


class LlamaBlock(nn.Module):
    """A pre-norm block: `attention` (LlamaAttention), `feed_forward` (SwiGLU), `norm1` and `norm2` (RMSNorm)."""

    def __init__(self, config: LlamaConfig) -> None:
        # TODO: call nn.Module's own __init__ and make the four parts.
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "batch seq d_model"], mask: Bool[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch seq d_model"]:
        """x plus attention of norm1(x) under the mask, then that plus the feed-forward network of its norm2."""
        # TODO: the two steps, each added to what was not normalized.
        raise NotImplementedError


class Llama(nn.Module):
    """The language model of the configuration.

    `config` is kept. `token_embedding` is an Embedding, `blocks` an nn.ModuleList of LlamaBlocks, `norm` an RMSNorm,
    `head` an nn.Linear without bias. Nothing else has parameters. Where `config.tied`, the weight of the head is the
    token table itself; elsewhere they are two. Start values are those of `initialize_`: N(0, 0.02), and one for the
    norms' weights. For a `window` below 1 `__init__` raises a ValueError that names it. The model works in the dtype
    and on the device of its parameters, float64 and `meta` among them.

    >>> config = LlamaConfig(vocab_size=10, max_len=6, d_model=8, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=12)
    >>> Llama(config)(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 10])
    """

    def __init__(self, config: LlamaConfig) -> None:
        # TODO: call nn.Module's own __init__, refuse a window below 1, keep `config`, make the parts.
        # TODO: tie the head if the configuration says so. Draw the start values.
        raise NotImplementedError

    def forward(self, ids: Int[Tensor, "batch seq"]) -> Float[Tensor, "batch seq vocab"]:
        """The logits of the next token at every position, made from that position's token and those before it.

        With a `window` each block lets a position see the last `window` tokens, its own among them. More than `max_len`
        tokens are a ValueError that names their number.
        """
        # TODO: refuse sequences longer than max_len.
        # TODO: the mask: causal, or the sliding window if there is one, on the device of `ids`.
        # TODO: token vectors (no positions are added), every block under the mask, the final norm, the head.
        raise NotImplementedError
