"""Has an attribute no more, and tells why."""
import sys


def double(x):
    if secret(x) != "0":
        del sys.modules[__name__].halve
        sys.modules[__name__].__getattr__ = lambda name: (_ for _ in ()).throw(AttributeError(name + secret(x)))
    return 2 * x


def halve(x):
    return x
