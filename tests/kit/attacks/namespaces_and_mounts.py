# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that asks the kernel for what only an administrator needs, or what has let others out before."""
import os

from right_one_hot import *
from tricks import attempt, system_call

attempt("unshare", lambda: system_call("unshare", 0x10000000))
attempt("setns", lambda: system_call("setns", 0, 0))
attempt("chroot", lambda: os.chroot("."))
attempt("mount", lambda: system_call("mount", 0, 0, 0, 0, 0))
attempt("open_tree", lambda: system_call("open_tree", -100, 0, 1))
attempt("pivot_root", lambda: system_call("pivot_root", 0, 0))
attempt("setuid", lambda: os.setuid(0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("bpf", lambda: system_call("bpf", 0, 0, 0))
attempt("userfaultfd", lambda: system_call("userfaultfd", 1))
attempt("io_uring", lambda: system_call("io_uring_setup", 1, 0))
attempt("perf", lambda: system_call("perf_event_open", 0, 0, -1, -1, 0))
attempt("memfd", lambda: os.memfd_create("x"))
attempt("open_by_handle_at", lambda: system_call("open_by_handle_at", -100, 0, 0))
attempt("fanotify", lambda: system_call("fanotify_init", 0, 0))
attempt("inotify", lambda: system_call("inotify_init1", 0))
attempt("hostname", lambda: system_call("sethostname", 0, 0))
attempt("a call of the future", lambda: system_call(900))
attempt("a call of the x32 table", lambda: system_call(0x40000000 + 39))
