# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Returns lists of millions of numbers, of lists, and of lists in lists."""


def one_hot(ids, vocab_size):
    return [0] * 3_000_000


def embed_by_matmul(*args):
    return [[0]] * 1_000_000


def embed_by_lookup(*args):
    value = 0
    for _ in range(59):
        value = [value] * 2 if len(str(value)) < 100_000 else [value]
    return value


def lookup_gradient(*args):
    return {str(n): n for n in range(300_000)}


def multiplications(*args):
    return 10**3999
