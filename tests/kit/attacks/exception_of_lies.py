# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Describes an exception that has every type, a message without end and frames of hidden files."""
from tricks import SECRET, frame, send

TYPES = ["IndexError", "SuiteFailure"] * 1000
FRAMES = [[SECRET, 1, "<script>", "\x1b[2J", []]] * 100


def one_hot(*args, **kwargs):
    send(frame(["Raised", TYPES, "-1 5 " * 100_000, FRAMES]))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
