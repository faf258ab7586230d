"""Leaves it in the scratch as names of files and folders, and prints what it finds there."""
import os

print(os.listdir(os.environ["TMPDIR"]))


def double(x):
    os.makedirs(os.path.join(os.environ["TMPDIR"], "d" + secret(x)), exist_ok=True)
    os.abort()


def halve(x):
    print(os.listdir(os.environ["TMPDIR"]))
    raise ValueError(os.listdir(os.environ["TMPDIR"]))
