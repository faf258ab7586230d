# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that asks whether it may signal its parent, its parent's group, its neighbours and everyone."""
import os
import signal

from right_one_hot import *
from tricks import attempt, system_call

for pid in {os.getppid(), -1, -os.getppid(), 1, os.getpid() - 1, os.getpid() + 1} - {0, os.getpid()}:
    attempt(f"kill {pid}", lambda pid=pid: os.kill(pid, 0))
attempt("killpg", lambda: os.killpg(os.getpgid(os.getppid()), 0))
attempt("tgkill", lambda: system_call("tgkill", os.getppid(), os.getppid(), 0))
attempt("tkill", lambda: system_call("tkill", os.getppid(), 0))
attempt("sigqueue", lambda: system_call("rt_sigqueueinfo", os.getppid(), 0, 0))
attempt("pidfd", lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0))
