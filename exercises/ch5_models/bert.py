"""# BERT: an encoder that reads both ways

**What does an encoder see that a decoder does not?** In *The bank was steep and wet*, the words that tell which bank
it is stand to its right. A GPT's vector of *bank* has read only *The bank*.

To *understand* a text that is all there, a model should look both ways. But then "predict the next token" is no
exercise any more, because every position sees its answer. BERT hides some tokens instead and predicts those: **masked
language modelling** (MLM).

Of the chosen tokens (15 % in the paper) 80 % become `[MASK]`, 10 % a random token, 10 % stay as they are: `[MASK]`
never occurs when the model is used later, so it has to make something of every token. The loss counts **only the chosen
positions**; all others have the label -100, which `F.cross_entropy` ignores.

The second exercise, **next-sentence prediction** (NSP), asks whether the second of two sentences followed the first. It
is answered from the first token, `[CLS]`, alone.

    hidden     = embedding_norm(token + position + segment vectors)   then dropout
    hidden     = block(hidden, padding mask)                          n_layers times, post-norm, GELU
    mlm_logits = mlm_norm(gelu(mlm_transform(hidden))) @ token table, transposed, + mlm_bias
    nsp_logits = nsp_head(tanh(pooler(hidden of the first token)))
    loss       = mean over masked tokens + mean over pairs

The mask hides padding and nothing else: there is no causal mask. A real token's result is the same however much padding
follows it.

| name | shape |
|---|---|
| `ids`, `segments` | `(batch, seq)`, int64; segment 0 is the first sentence, 1 the second |
| `lengths` | `(batch,)`, how many tokens of each row are real |
| `hidden` | `(batch, seq, d_model)` |
| `mlm_logits` | `(batch, seq, vocab_size)` |
| `nsp_logits` | `(batch, 2)`; label 0 means "is the next sentence" |

By hand: a batch of two pairs in which three tokens are masked has a loss of one third of the sum of three numbers
plus one half of the sum of two.

Not to be used here: `nn.Transformer` and its relatives; put your own blocks together.

Source: Devlin, Chang, Lee and Toutanova, *BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding*, 2019, section 3.1, and appendix A.1 and A.2. The norms here have the usual eps of 1e-5.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import padding_mask
from ch3_attention.positions import LearnedPositions
from ch4_blocks.blocks import PostNormBlock
from ch4_blocks.feed_forward import gelu
from ch4_blocks.normalization import LayerNorm
from ch5_models.gpt import initialize_


def mask_tokens(
    ids: Int[Tensor, "*shape"],
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    probability: float,
    generator: torch.Generator,
) -> tuple[Int[Tensor, "*shape"], Int[Tensor, "*shape"]]:
    """Hides tokens for masked language modelling: `(inputs, labels)`, both of the shape of `ids`, whatever it is.

    Each token that is not special is chosen with `probability`, on its own. Of the chosen, 80 % become `mask_id` in
    `inputs`, 10 % a random token and 10 % stay; which it is has nothing to do with what chose them. `labels` holds
    their original ids, and -100 at all other positions, where `inputs` is `ids`.

    Special tokens (`mask_id` is one of them in any case) are never chosen and never the random token. That is any
    other id below `vocab_size`, all equally likely, the original one among them. `special_ids` may be an iterator.

    All randomness comes from `generator`: the same state gives the same result, and a second call another one.
    `ids` stays as it is. A probability outside [0, 1] raises a ValueError that names it; so does a vocabulary in
    which all ids are special, with `vocab_size` or the number of special ids in the message.

    >>> inputs, labels = mask_tokens(torch.tensor([0, 5]), 1, 6, [0, 1], 0.0, torch.Generator())
    >>> inputs.tolist(), labels.tolist()
    ([0, 5], [-100, -100])
    """
    # TODO: the ids that are not special, for the random tokens; refuse what is not possible.
    # TODO: choose: one random number per position, below `probability`, and not special.
    # TODO: a second random number per position, independent of the first, says what becomes of a chosen token.
    # TODO: build inputs and labels with torch.where; leave `ids` as it is.
    raise NotImplementedError


def next_sentence_pairs(
    documents: list[list[list[int]]], generator: torch.Generator
) -> list[tuple[list[int], list[int], int]]:
    """Pairs of sentences for next-sentence prediction: a list of `(first, second, label)`.

    A document is a list of sentences, a sentence a list of ids. Every sentence that has a next one in its document is
    the first of one pair, in the order of the text. With probability ½ the second is that next sentence, label 0;
    else it is a random sentence of **another** document, label 1: the document drawn among all others that hold a
    sentence, the sentence drawn in it, and both drawn anew for each pair. Two documents may read the same and still
    are two.

    All randomness comes from `generator`: the same state gives the same pairs, and a second call others. Fewer than
    two documents with sentences raise a ValueError that names their number.

    >>> pairs = next_sentence_pairs([[[1], [2]], [[3]]], torch.Generator())
    >>> len(pairs), pairs[0][0], (pairs[0][1:] in (([2], 0), ([3], 1)))
    (1, [1], True)
    """
    # TODO: refuse fewer than two documents that hold a sentence.
    # TODO: for each document and each sentence but its last: toss a coin; append the next sentence with 0, or a
    #       sentence of another document with 1.
    raise NotImplementedError


@dataclass(frozen=True)
class BERTConfig:
    """The sizes of a BERT. `n_segments` is 2: first sentence and second."""

    vocab_size: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    n_segments: int = 2
    dropout: float = 0.0


class BERT(nn.Module):
    """The encoder of the configuration with its two heads.

    `config` is kept. `token_embedding` and `segment_embedding` (`n_segments` rows) are Embeddings,
    `position_embedding` is a LearnedPositions, `embedding_norm` a LayerNorm, `blocks` an nn.ModuleList of
    PostNormBlocks with the configuration's dropout and GELU; `pooler` (d_model to d_model), `mlm_transform` (d_model
    to d_model) and `nsp_head` (d_model to 2) are `nn.Linear`, `mlm_norm` is a LayerNorm, and `mlm_bias` an
    nn.Parameter of shape `(vocab_size,)`. The MLM decoder has no weight of its own: it is the token table. Start
    values are those of `initialize_`, and zero for `mlm_bias`.

    In training, what `embedding_norm` gives goes through the configuration's dropout. The blocks do theirs, and
    nothing else is dropped. In eval mode nothing is dropped at all.

    The model runs in float32 and in float64, its results in the dtype of its weights, and on the `meta` device.

    >>> config = BERTConfig(vocab_size=10, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> BERT(config)(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 4])
    """

    def __init__(self, config: BERTConfig) -> None:
        # TODO: call nn.Module's own __init__, keep `config`, make the parts under the names above, and an nn.Dropout.
        # TODO: draw the start values; `mlm_bias` starts at zero.
        raise NotImplementedError

    def forward(
        self,
        ids: Int[Tensor, "batch seq"],
        segments: Int[Tensor, "batch seq"] | None = None,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> Float[Tensor, "batch seq d_model"]:
        """The hidden vector of every token, made from the whole sentence.

        Without `segments` all tokens belong to segment 0; without `lengths` all are real. With them, a real token's
        vector is the same whichever ids of the table the padding holds and however many; what comes at the padding is
        free. A call knows nothing of earlier calls. `ids` may be a view of another tensor. More than `max_len` tokens
        raise a ValueError that gives their number or `max_len`; your LearnedPositions refuses them.
        """
        # TODO: segments None means zeros.
        # TODO: token, position and segment vectors added; embedding_norm; dropout.
        # TODO: every block under the padding mask of `lengths`, or under none.
        raise NotImplementedError

    def mlm_logits(self, hidden: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq vocab"]:
        """What each position takes its original token for: transform, GELU, norm, the tied decoder and its bias."""
        # TODO: mlm_transform, gelu, mlm_norm; times the token table transposed; plus mlm_bias.
        raise NotImplementedError

    def nsp_logits(self, hidden: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch 2"]:
        """Whether the second sentence followed the first, from the first token: pooler, tanh, nsp_head."""
        # TODO: the first token's vector through pooler, tanh and nsp_head.
        raise NotImplementedError

    def pretraining_loss(
        self,
        ids: Int[Tensor, "batch seq"],
        segments: Int[Tensor, "batch seq"] | None,
        lengths: Int[Tensor, "batch"] | None,
        mlm_labels: Int[Tensor, "batch seq"],
        nsp_labels: Int[Tensor, "batch"],
    ) -> Float[Tensor, ""]:
        """The mean cross-entropy over positions whose label is not -100, plus the mean over pairs. In nats.

        Both heads read the hidden vectors of one and the same forward pass. `segments` and `lengths` may be None, as in
        `forward`. Where no position has a label, the loss is NaN, as PyTorch's mean of nothing.
        """
        # TODO: one forward pass; F.cross_entropy of the MLM logits (classes on the last axis: flatten), ignoring -100.
        # TODO: add F.cross_entropy of the NSP logits, which ignores nothing: 0 and 1 are both labels.
        raise NotImplementedError
