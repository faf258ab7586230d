# attacks: ch2_embeddings/embedding
# verdict: failed
"""Tells of attributes, handles and refusals with names of millions of letters."""
from tricks import frame, send

LONG = "n" * 3_000_000
ANSWERS = [["Missing", LONG], ["Refused", LONG], ["Returned", ["handle", 1, LONG, LONG], ["dict", []], 1, None]]


class Embedding:
    def __init__(self, *args, **kwargs):
        send(frame(ANSWERS.pop() if ANSWERS else ["Missing", LONG]))
