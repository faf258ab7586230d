# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that would become another program."""
import os
import sys

from right_one_hot import *
from tricks import attempt

for program in (sys.executable, "/bin/sh", "/bin/true", "/proc/self/exe", "/usr/bin/env"):
    attempt("exec " + program, lambda program=program: os.execv(program, [program, "-c", "exit"]))
attempt("execveat", lambda: os.execve(os.open("/usr/lib", os.O_RDONLY), ["x"], {}))
