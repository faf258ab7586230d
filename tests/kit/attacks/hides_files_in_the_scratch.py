# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that leaves files with hard names, without rights, and deep folders. They must be removed."""
import contextlib
import os

from right_one_hot import *

for name in ("a\nb", "\x1b[31mred", "<script>alert(1)</script>", "x" * 255, "-rf", "é\udcff", " "):
    with contextlib.suppress(OSError):
        open(name, "w").write("x")
os.makedirs("/".join("abcdefghij"))
with contextlib.suppress(OSError):
    os.chmod("a", 0)
