# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Has a handler of its own for the signal that asks for its stack, which forges an answer and goes on hanging."""
import faulthandler
import signal
import time

from tricks import SECRET, returned, send

faulthandler.unregister(signal.SIGUSR1)
faulthandler.disable()


def one_hot(*args, **kwargs):
    while True:
        time.sleep(10)


def forge(*args):
    send(returned(True) * 100)
    print(SECRET)


signal.signal(signal.SIGUSR1, forge)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
