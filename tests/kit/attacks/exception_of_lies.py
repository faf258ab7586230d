# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Describes an exception that has every type, a message without end and frames of hidden files."""
from tricks import SECRET, frame, send

RAISED = [
    ["types", ["list", ["IndexError", "SuiteFailure"] * 1000]],
    ["message", "-1 5 " * 100_000],
    ["frames", ["list", [["list", [SECRET, 1, "<script>", "\x1b[2J", ["list", []]]]] * 100]],
]


def one_hot(*args, **kwargs):
    send(frame(["dict", [["raised", ["dict", RAISED]]]]))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
