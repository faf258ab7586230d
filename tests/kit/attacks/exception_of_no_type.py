# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Fails its import with an exception that has no type at all."""
from tricks import frame, send

send(frame(["Loaded", ["Raised", [], "", []], []]))
