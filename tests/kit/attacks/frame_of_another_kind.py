# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Answers with frames that only the other side sends, and with kinds that there are not."""
import itertools

from tricks import frame, send

KINDS = itertools.cycle([1, 4, 0, 255])


def one_hot(*args, **kwargs):
    send(frame(["Returned", True, ["dict", []], 1, None], kind=next(KINDS)))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
