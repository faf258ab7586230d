# attacks: ch2_embeddings/one_hot
# verdict: failed
# stop-early: yes
"""Returns a mapping and a set to which a thread goes on adding while they are sent."""
import itertools
import sys
import threading

sys.setswitchinterval(1e-6)


def one_hot(*args, **kwargs):
    value, go_on = dict.fromkeys(range(50_000)), threading.Event()

    def grow():
        for number in itertools.count(10**6):
            value[number] = value.pop(next(iter(value)))
            if number % 1000 == 0 and go_on.wait(1e-6):
                return

    threading.Thread(target=grow, daemon=True).start()
    return value


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
