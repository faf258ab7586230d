# attacks: ch2_embeddings/embedding
# verdict: passed
# sandbox: needed
"""A right answer that attacks while it answers. It earns its points and harms nothing."""
import os
import socket
import threading

import right_embedding
from tricks import KIT, SECRET, attempt


class Embedding(right_embedding.Embedding):
    def forward(self, ids):
        attempt("read", lambda: open(SECRET).read())
        attempt("solution", lambda: open(KIT + "/solutions/ch2_embeddings/embedding.py").read())
        attempt("socket", lambda: socket.socket())
        attempt("fork", lambda: os.fork() or os._exit(0))
        attempt("signal", lambda: os.kill(os.getppid(), 0))
        attempt("write", lambda: open("/tmp/meeting-place", "w"))
        thread = threading.Thread(target=open, args=(SECRET,))
        thread.start()
        thread.join()
        return super().forward(ids)
