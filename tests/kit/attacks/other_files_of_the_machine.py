# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that reads what every machine has: accounts, keys, logs, other people's homes."""
import os
import pwd

from right_one_hot import *
from tricks import attempt

for name in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/machine-id", "/proc/mounts", "/proc/version"):
    attempt("read " + name, lambda name=name: open(name).read())
for name in ("/", "/home", "/root", "/tmp", "/var/log", "/etc", "/proc", "/sys", "/dev", "/run", ".."):
    attempt("list " + name, lambda name=name: os.listdir(name))
attempt("accounts", lambda: pwd.getpwall()[0])
