# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Raises an exception whose class is for ever about to name its first base."""
import itertools


class Meta(type):
    @property
    def __mro__(cls):
        return (int for _ in itertools.count() if False)


class Endless(Exception, metaclass=Meta):
    pass


def one_hot(*args, **kwargs):
    raise Endless


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
