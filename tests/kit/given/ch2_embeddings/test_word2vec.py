"""The size of a batch is the one that the words give."""

from __future__ import annotations

from ch2_embeddings.word2vec import BATCH_SIZE, train_skipgram


def test_the_words_and_the_batches_agree() -> None:
    assert f"holds {BATCH_SIZE} pairs" in str(train_skipgram.__doc__)
