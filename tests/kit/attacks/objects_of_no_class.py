# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns objects that lie about their class, raise when they are asked for anything, or end the process."""
import os

import torch


class Liar:
    @property
    def __class__(self):
        return torch.Tensor


class Thrower:
    def __getattribute__(self, name):
        raise SystemExit(0)


class Meta(type):
    __name__ = property(lambda cls: "x" * 10**6)
    __instancecheck__ = __subclasscheck__ = lambda cls, other: os._exit(0)

    def __call__(cls):
        return object.__new__(cls)


class Odd(metaclass=Meta):
    __len__ = __bool__ = __index__ = __float__ = lambda self: os._exit(0)


def one_hot(*args):
    return Liar()


def embed_by_matmul(*args):
    return Thrower()


def embed_by_lookup(*args):
    return Odd()


def lookup_gradient(*args):
    return [Liar, Thrower, Odd, Liar(), Thrower()]


def multiplications(*args):
    return (Odd(), 0)
