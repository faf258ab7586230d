# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Raises beside values that describe themselves by code, with other things than words, or not at all."""
import os

import numpy as np


class Number:
    kit_description = 7


class Long:
    kit_description = "x" * 10**7


class Exit:
    @property
    def kit_description(self):
        raise SystemExit(0)


class Scalar(np.float64):
    __repr__ = lambda self: os.environ.get("PATH", "") * 10**5


def one_hot(*args):
    number = Number()  # noqa: F841 # the frame has it
    raise IndexError(3)


def embed_by_matmul(*args):
    long = Long()  # noqa: F841 # the frame has it
    raise IndexError(3)


def embed_by_lookup(*args):
    leaves = Exit()  # noqa: F841 # the frame has it
    raise IndexError(3)


def lookup_gradient(*args):
    scalar = Scalar(1)  # noqa: F841 # the frame has it
    raise IndexError(3)


def multiplications(*args):
    locals_of_many_letters = {"y" * 10**6: 1}
    exec("x" * 10**6 + " = 1; raise ValueError", locals_of_many_letters)
