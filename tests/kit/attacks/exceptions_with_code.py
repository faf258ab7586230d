# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Raises exceptions whose text, type and frames run code when they are looked at."""
import os


class Name(type):
    @property
    def __name__(cls):
        os._exit(0)


class Trap(BaseException):
    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __format__ = __str__


def one_hot(*args, **kwargs):
    trap = Trap()  # noqa: F841 # a local that runs code when it is described
    raise Trap


def multiplications(*args):
    raise Exception("\x1b[31m<script>alert(1)</script>\n" * 10**6)


embed_by_matmul = embed_by_lookup = lookup_gradient = one_hot
