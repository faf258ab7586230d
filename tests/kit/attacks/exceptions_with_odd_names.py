# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Raises exceptions whose class has a number for its name, no name at all, or one of a million letters."""
class Numbered(type):
    __name__ = property(lambda cls: 7)


class Nameless(type):
    def __getattribute__(cls, name):
        raise KeyError(name)


class A(Exception, metaclass=Numbered):
    pass


class B(Exception, metaclass=Nameless):
    pass


def one_hot(*args):
    raise A


def embed_by_matmul(*args):
    raise B


def embed_by_lookup(*args):
    raise type("x" * 10**6, (IndexError,), {})("y" * 10**6)


def lookup_gradient(*args):
    raise type("\x1b[2J\n", (BaseException,), {})("\ud800\x00\x85")


def multiplications(*args):
    raise StopIteration from GeneratorExit(KeyboardInterrupt())
