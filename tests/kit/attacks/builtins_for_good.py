# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Takes builtins away while it answers, and does not give them back."""
import builtins


def one_hot(*args, **kwargs):
    for name in ("isinstance", "type", "len", "BaseException", "Exception", "super", "__import__", "__build_class__"):
        delattr(builtins, name)
    return 1


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
