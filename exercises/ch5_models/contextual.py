"""# Static and contextual vectors

**Does a vector stand for a word, or for a word in its sentence?** In an embedding table the bank of a river and the
bank that holds money have one vector: their cosine is 1, so nothing that follows can tell them apart by it.

The vectors of a table are *static*. What leaves a BERT's last block is another matter: each position has mixed in
what it found around it, so "bank" beside "river" and "bank" beside "loan" come out as two vectors. Those are
*contextual*.

`sense_separation` measures it. Take sentences with the same word in two senses and compare its vectors by cosine
similarity, pair by pair:

    separation = mean similarity of pairs with the same sense − mean similarity of pairs with different senses

For the static vectors all similarities are 1 and the separation is 0. For contextual ones it is above 0 if the model
tells the senses apart. Nobody told it the senses: it learned them because the word's neighbours are what masked tokens
have to be guessed from.

`sentence_embedding` makes one vector of a whole sentence, the mean over its tokens. Padding is no token: it must not
count, neither in the sum nor in the divisor.

| name | shape |
|---|---|
| `hidden` | `(batch, seq, d_model)`, what a model returned for padded sentences |
| `lengths` | `(batch,)`, how many tokens of each are real |
| a sentence embedding | `(batch, d_model)` |

By hand: of three vectors (1, 0), (1, 0), (0, 1) with the senses a, a, b, the one pair of the same sense has
similarity 1, the two other pairs 0, so the separation is 1 − 0 = 1. With the senses a, b, b it is 0 − ½ = −½.

Sources: Peters et al., *Deep contextualized word representations*, 2018 (ELMo), section 5.3; Ethayarajh, *How
Contextual are Contextualized Word Representations?*, 2019, section 3; Reimers and Gurevych, *Sentence-BERT*, 2019,
section 3, for the mean.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(
    hidden: Float[Tensor, "batch seq d_model"], lengths: Int[Tensor, "batch"]
) -> Float[Tensor, "batch d_model"]:
    """The mean of each row's first `length` vectors, in the dtype of `hidden`.

    What stands after them does not count, even where it is NaN. A length below 1 or above `seq` is a ValueError that
    names it.

    >>> sentence_embedding(torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]]), torch.tensor([2])).tolist()
    [[2.0, 3.0]]
    """
    # TODO: refuse lengths below 1 or above seq.
    # TODO: sum the real vectors (torch.where keeps even a NaN in the padding out) and divide by the lengths.
    raise NotImplementedError


@torch.no_grad()
def sense_separation(
    model: BERT, sentences: Sequence[Sequence[int]], positions: Sequence[int], senses: Sequence[str]
) -> tuple[float, float]:
    """How far a word's senses are apart in its static and in its contextual vectors: `(static, contextual)`.

    Sentence `i` is a list of ids, of any length, with the word at `positions[i]` in the sense `senses[i]`. As a rule it
    is one word in all sentences, but each may have another. Its static vector is the row of `model.token_embedding`
    for the id at this position; its contextual one is what the model returns there, `model(ids, lengths=lengths)`, so
    that padding does not matter. Either number is the mean cosine similarity of pairs of the same sense minus that of
    pairs of different senses, over all pairs of two different sentences.

    The model works in eval mode and is afterwards, as a whole, in the mode it was in before. If there is no pair of the
    same sense or none of different senses, it is a ValueError that names the senses.

    >>> model = small_bert(vocab_size=10, max_len=6)
    >>> sentences, positions, senses = [[1, 7], [7, 2, 3], [4, 7]], [1, 0, 1], ["money", "river", "river"]
    >>> static, contextual = sense_separation(model, sentences, positions, senses)
    >>> round(static, 3)
    0.0
    """
    # TODO: pad the sentences into one tensor of ids (any id will do) and note their lengths.
    # TODO: the word's static and contextual vectors, one row per sentence; the model works inside `in_mode`.
    # TODO: for each of the two, cosine similarities of all pairs i < j, and the difference of the two means.
    raise NotImplementedError


def small_bert(vocab_size: int, max_len: int, dropout: float = 0.0) -> BERT:
    """A BERT that learns to tell senses apart in some hundred steps of `train_masked`."""
    return BERT(BERTConfig(vocab_size, max_len, d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=dropout))


def train_masked(
    model: BERT,
    sentences: Sequence[Sequence[int]],
    mask_id: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    """Trains the model in place by masked language modelling, for you to look at its vectors; returns the loss of
    each step.

    Each step hides 15 % of the tokens of `batch_size` sentences with your own `mask_tokens` and takes one step of Adam.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.full((len(sentences), int(lengths.max())), mask_id)
    for row, sentence in zip(ids, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(ids), (batch_size,), generator=generator)
        inputs, labels = mask_tokens(ids[rows], mask_id, model.config.vocab_size, [mask_id], 0.15, generator)
        logits = model.mlm_logits(model(inputs, lengths=lengths[rows]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
