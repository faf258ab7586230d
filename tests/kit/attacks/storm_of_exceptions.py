# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Alarms that raise, wherever in the worker they strike."""
import signal


def raise_something(*args):
    raise SystemExit(0)


signal.signal(signal.SIGALRM, raise_something)


def one_hot(*args, **kwargs):
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    return 1


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
