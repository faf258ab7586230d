# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Fails its import with a line that stands in a file whose name holds a zero byte."""
from tricks import frame, send

FRAMES = [["/a\0b.py", 1, "", "x", []], [__file__ + "\0", 2, "", "x", []]]
send(frame(["Loaded", ["Raised", ["NotImplementedError", "ImportError"], "No module named 'x'", FRAMES], []]))
