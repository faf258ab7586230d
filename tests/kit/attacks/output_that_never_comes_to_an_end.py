# attacks: ch2_embeddings/one_hot
# verdict: timeout
"""Puts a stream in the place of its output that is never done with writing."""
import sys
import time


class Slow:
    def write(self, text):
        return len(text)

    def flush(self):
        time.sleep(1000)


sys.stdout = sys.stderr = Slow()


def one_hot(*args, **kwargs):
    return 1


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
