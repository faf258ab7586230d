# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Answers a call with replies that belong to other requests, or that no request has."""
import itertools

from tricks import frame, send

REPLIES = itertools.cycle(
    [["Refused", "no sandbox"], ["Missing", "one_hot"], ["SuiteFinished", True], ["Returned"], [], "Returned", None]
)


def one_hot(*args, **kwargs):
    send(frame(next(REPLIES)))


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
