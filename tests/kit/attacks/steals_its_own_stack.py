# attacks: ch2_embeddings/one_hot
# verdict: timeout
# stop-early: yes
"""Opens the pipe of stacks for reading and takes back what the grader has just seen arrive, so that it reads for ever."""
import os
import signal
import threading
import time

from tricks import trace_pipe

write = trace_pipe()
read = os.open(f"/proc/self/fd/{write}", os.O_RDONLY | os.O_NONBLOCK)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])


def steal():
    signal.sigwait([signal.SIGUSR1])
    for turn in range(60):
        os.write(write, b"x" * 100)
        end = time.perf_counter() + turn * 4e-6
        while time.perf_counter() < end:
            pass
        try:
            os.read(read, 1000)
        except BlockingIOError:
            pass
        time.sleep(0.02)


threading.Thread(target=steal, daemon=True).start()


def one_hot(*args, **kwargs):
    while True:
        time.sleep(1)


embed_by_matmul = embed_by_lookup = lookup_gradient = multiplications = one_hot
