"""# GPT: a decoder that predicts the next token

**Why are embeddings and Transformers one thing?** A GPT begins with a table of vectors, each block makes a vector
depend on more of the text, and the same table turns the last vectors into predictions. Without the blocks a token's
vector says nothing of its neighbours: the table alone predicts the same after *bank*, whichever words came before.

A language model reads tokens and says, at every position, which token it expects next. You have made all parts of
GPT already:

    x      = token_embedding(ids) + position_embedding     then dropout
    x      = block(x, causal mask)                         n_layers times, pre-norm
    logits = head(norm(x))

The causal mask lets a position see itself and what stands before it, so that one pass over `seq` tokens is
`seq` exercises in prediction at once, and none of them can copy the answer from the right.

*The head is tied*: its weight **is** the token table, one and the same parameter under two names, not a copy. A
token's vector then serves for reading it and for writing it, and the model is smaller by `vocab × d_model`.

*Start values* are small, N(0, 0.02), so that an untrained model gives all tokens about the same logit. Its loss
is then about `ln(vocab)`, the loss of a guess. A first loss far above it is the sign of a wrong start.

The blocks are pre-norm, as in GPT-2, so the last one's sum is not normalized and a final `norm` follows. GPT-1 had
post-norm blocks without that norm; the norm's 1,536 numbers are the whole difference in size.

| name | shape |
|---|---|
| `ids` | `(batch, seq)`, int64, `seq` at most `max_len` |
| `token_embedding.weight`, `head.weight` | `(vocab_size, d_model)`, one parameter |
| `position_embedding.weight` | `(max_len, d_model)` |
| `logits` | `(batch, seq, vocab_size)` |

By hand: `vocab_size=10, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8`. The tables hold 40 + 24 numbers,
the attention 4 · (16 + 4) = 80, the feed-forward network 32 + 8 + 32 + 4 = 76, each of three norms 8. The head
holds none of its own. `count_parameters` gives 40 + 24 + 80 + 76 + 24 = 244.

`GPT1` is the model of 2018: 12 layers with 768-dimensional states and 12 heads, 3,072-dimensional inner states and
512 tokens of context, trained with dropout 0.1. Its vocabulary is 478 characters and 40,000 merges (the paper gives
the merges alone). That makes 116.5 million numbers, published as 117 million.

Not to be used here: `nn.Transformer` and its relatives; put your own blocks together.

Sources: Radford et al., *Improving Language Understanding by Generative Pre-Training*, 2018 (GPT-1), section 3.1,
equation 2, and section 4.1; Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019 (GPT-2),
section 2.3; Press and Wolf, *Using the Output Embedding to Improve Language Models*, 2017, for the tied head.
"""

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
    """Draws start values in place: N(0, 0.02) for every parameter of two or more axes, zero for every bias.

    Each parameter is drawn anew, frozen ones as well, and keeps its dtype. It serves any module, and returns nothing.
    Parameters of one axis that are no bias (the norms' `weight`) stay as they are. A shared parameter stays shared:
    write into parameters, never put others in their place.

    >>> layer = nn.Linear(3, 2)
    >>> initialize_(layer)
    >>> layer.bias.tolist()
    [0.0, 0.0]
    """
    # TODO: go through model.named_parameters().
    # TODO: nn.init.normal_ with std=0.02 where there are two axes or more; nn.init.zeros_ where the name ends in
    #       "bias".
    raise NotImplementedError


class GPT(nn.Module):
    """The language model of the configuration.

    `config` is kept. `token_embedding` is an Embedding, `position_embedding` a LearnedPositions, `blocks` an
    nn.ModuleList of PreNormBlocks with the configuration's dropout and activation, `norm` a LayerNorm, `head` an
    nn.Linear without bias whose weight is the token table itself. Start values are those of `initialize_`.

    In training, the sum of token and position vectors goes through the configuration's dropout. The blocks do
    theirs, and nothing else is dropped. In eval mode nothing is dropped at all.

    The model runs in float32 and in float64, the logits in the dtype of its weights, and on the `meta` device.

    >>> config = GPTConfig(vocab_size=10, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> GPT(config)(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 10])
    """

    def __init__(self, config: GPTConfig) -> None:
        # TODO: call nn.Module's own __init__, keep `config`, and make the parts under the names above.
        # TODO: an nn.Dropout for the sum of the embeddings.
        # TODO: tie the head: give it the token table's parameter. Draw the start values.
        raise NotImplementedError

    def forward(self, ids: Int[Tensor, "batch seq"]) -> Float[Tensor, "batch seq vocab"]:
        """The logits of the next token at every position.

        No position's logits depend on a token that comes after it. A call knows nothing of earlier calls. `ids` may
        be a view of another tensor. More than `max_len` tokens raise a ValueError that gives their number or
        `max_len`; your LearnedPositions refuses them.
        """
        # TODO: token vectors, plus positions, then dropout.
        # TODO: every block under the causal mask (on the device of `ids`), the final norm, the head.
        raise NotImplementedError


def count_parameters(model: nn.Module) -> int:
    """How many numbers the parameters of any module hold, frozen ones too. One with two names counts once.

    Buffers are no parameters.

    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    # TODO: the sum of numel() over the model's parameters; `parameters()` gives a shared one once.
    raise NotImplementedError


# The GPT of 2018 as the brief describes it.
GPT1 = None  # TODO: its GPTConfig
