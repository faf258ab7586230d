# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Takes its own memory, files, stack and processor time away while it answers."""
import resource


def lowered(kind):
    resource.setrlimit(kind, (0, 0))
    return [0] * 10**6


def one_hot(*args):
    return lowered(resource.RLIMIT_AS)


def embed_by_matmul(*args):
    return lowered(resource.RLIMIT_NOFILE)


def embed_by_lookup(*args):
    return lowered(resource.RLIMIT_STACK)


def lookup_gradient(*args):
    while True:
        lowered(resource.RLIMIT_CPU)
