# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers each request, that for a beginning and a look-up too, with the next of all messages that there are."""
import itertools

import grader.worker.request_handler
from tricks import frame

RAISED = ["Raised", ["NotImplementedError"], "", []]
REPLIES = itertools.cycle(
    [
        frame(["Loaded", None, []]),
        frame(["Missing", "one_hot"]),
        frame(RAISED),
        frame(["Returned", ["handle", 1, "callable", "f"], ["dict", []], 1, None]),
        frame(["Refused", ""]),
        frame(["Loaded", RAISED, []]),
        frame(["Returned", None, None, None, [1, 2, 3]]),
    ]
)
grader.worker.request_handler.RequestHandler.answer = lambda self, request: next(REPLIES)


def one_hot(*args, **kwargs):
    return None
