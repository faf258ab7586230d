# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers with iterators over iterators and slices of slices, whose depth is counted from nought each time."""
from tricks import returned, send


def nested(tag, depth):
    node = None
    for _ in range(depth):
        node = [tag, [node, node]] if tag == "one-pass" and depth < 15 else [tag, [node, None, None]]
    return node


def one_hot(*args):
    send(returned(nested("one-pass", 85)))


def embed_by_matmul(*args):
    send(returned(nested("slice", 85)))


def embed_by_lookup(*args):
    send(returned(nested("one-pass", 14)))


def lookup_gradient(*args):
    send(returned(["set", [nested("slice", 80), ["ellipsis"]]]))


def multiplications(*args):
    send(returned(["one-pass", [["one-pass", [1]]] * 100_000]))
