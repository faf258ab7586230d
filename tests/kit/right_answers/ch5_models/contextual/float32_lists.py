"""The mean over slices, each sentence read alone without padding, sums over pairs from itertools in plain floats."""

from itertools import combinations
from statistics import fmean

from torch import no_grad, stack, tensor

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig


def sentence_embedding(hidden, lengths):
    means = []
    for row, length in zip(hidden, lengths):
        if length < 1 or length > len(row):
            raise ValueError("impossible length: %d" % length)
        means.append(row[:length].float().mean(0))
    return stack(means).to(hidden.dtype)


def sense_separation(model, sentences, positions, senses):
    pairs = list(combinations(range(len(senses)), 2))
    alike = [pair for pair in pairs if senses[pair[0]] == senses[pair[1]]]
    unlike = [pair for pair in pairs if senses[pair[0]] != senses[pair[1]]]
    if not (alike and unlike):
        raise ValueError("senses: " + ", ".join(map(str, senses)))
    fixed, moving = [], []
    with no_grad(), in_mode(model, False):
        for sentence, place in zip(sentences, positions):
            fixed.append(model.token_embedding(tensor(sentence[place])))
            moving.append(model(tensor([list(sentence)]))[0, place])

    def cosine(a, b):
        return float(a @ b / (a.norm() * b.norm()))

    return tuple(
        fmean(cosine(rows[i], rows[j]) for i, j in alike) - fmean(cosine(rows[i], rows[j]) for i, j in unlike)
        for rows in (fixed, moving)
    )


def small_bert(vocab_size, max_len, dropout=0.0):
    return BERT(BERTConfig(vocab_size, max_len, d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=dropout))
