"""Prints what it was given, on both streams and on their descriptors."""
import os
import sys


def double(x):
    print(secret(x))
    print(secret(x), file=sys.stderr)
    for number in (1, 2):
        os.write(number, secret(x).encode())
    return 2 * x


def halve(x):
    return x
