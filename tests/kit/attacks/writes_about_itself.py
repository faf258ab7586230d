# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that writes to its own memory, its place among those to be ended, its name and its rights, by their files."""
from right_one_hot import *
from tricks import attempt

for name in ("mem", "oom_score_adj", "oom_adj", "comm", "coredump_filter", "timerslack_ns", "clear_refs", "sched"):
    for where in ("self", "thread-self", "self/task/../"):
        attempt(f"{where}/{name}", lambda path=f"/proc/{where}/{name}": open(path, "r+b", 0).write(b"0"))
for name in ("uid_map", "gid_map", "setgroups", "loginuid", "attr/current", "projid_map", "autogroup", "ns/user"):
    attempt(name, lambda path=f"/proc/self/{name}": open(path, "r+b", 0).write(b"0 0 1"))
for name in ("sys/kernel/core_pattern", "sys/vm/drop_caches", "sysrq-trigger", "kmsg", "kcore", "kallsyms", "keys"):
    attempt(name, lambda path=f"/proc/{name}": open(path, "r+b", 0).write(b"0"))
for name in ("/sys/kernel/mm/ksm/run", "/sys/fs/cgroup/cgroup.procs", "/sys/devices/system/cpu/cpu1/online"):
    attempt(name, lambda path=name: open(path, "r+b", 0).write(b"0"))
for name in ("/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/kvm", "/dev/ptmx", "/dev/net/tun", "/dev/random", "/dev/zero"):
    attempt(name, lambda path=name: open(path, "r+b", 0).write(b"0"))
