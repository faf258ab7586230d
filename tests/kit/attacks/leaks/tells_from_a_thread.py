"""Prints it later, from a thread, while other tests run."""
import threading
import time

seen = []


def later():
    while True:
        time.sleep(0.01)
        for told in seen:
            print(told, flush=True)


threading.Thread(target=later, daemon=True).start()


def double(x):
    if secret(x) != "0":
        seen.append(secret(x))
    return 2 * x


def halve(x):
    return x
