# attacks: ch2_embeddings/embedding
# verdict: failed
"""Fails its import and says that an earlier part, which there is not, is at fault."""
import os

from tricks import frame, send

ROOT = os.path.dirname(os.path.dirname(__file__))
FRAMES = [[f"{ROOT}/ch2_embeddings/embedding.py", 1, "", "", []], [f"{ROOT}/ch9/nowhere.py", 1, "<module>", "", []]]
send(frame(["Loaded", ["Raised", ["ValueError"], "broken", FRAMES], []]))
