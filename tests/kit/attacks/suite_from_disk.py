# attacks: ch2_embeddings/one_hot
# verdict: failed
# sandbox: needed
"""Reads the tests, the mistakes and the chapter's table."""
import os

from tricks import KIT, attempt

for name in ("ch2_embeddings/test_one_hot.py", "ch2_embeddings/chapter.toml", "mistakes/ch2_embeddings/one_hot.toml"):
    attempt("read " + name, lambda name=name: open(f"{KIT}/tests/graded/{name}").read())
for name in ("", "/tests", "/tests/graded", "/solutions", "/grader", "/exercises", "/.git"):
    attempt("list " + name, lambda name=name: os.listdir(KIT + name))


def one_hot(ids, vocab_size):
    return None
