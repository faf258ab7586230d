# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Raises exceptions whose frames stand in hidden files, on lines that there are not, in names with zero bytes."""
import os

from tricks import SECRET

ROOT = os.path.dirname(os.path.dirname(__file__))


def boom():
    raise NotImplementedError("no")


def raised_in(file, name="f", line=1):
    code = boom.__code__.replace(co_filename=file, co_name=name, co_qualname=name, co_firstlineno=line)
    exec(code, {"__name__": name})


def one_hot(*args):
    raised_in(ROOT + "/" + os.path.relpath(SECRET, ROOT))


def embed_by_matmul(*args):
    raised_in(ROOT + "/ch2_embeddings/a\0b.py", "\0")


def embed_by_lookup(*args):
    raised_in(ROOT + "/../" * 500 + "x.py", "x" * 10**5)


def lookup_gradient(*args):
    raised_in(ROOT + "/" + "\x1b[2J" * 100 + ".py", "<script>", 2**30)


def multiplications(*args):
    raised_in(__file__, "\n\n", 10**9)
