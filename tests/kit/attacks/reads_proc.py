# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that reads the memory, environment, descriptors and folders of other processes."""
import os

from right_one_hot import *
from tricks import attempt

for pid in {os.getppid(), 1, os.getppid() + 1, os.getpid() - 1, "self"} - {os.getpid()}:
    for name in ("environ", "mem", "maps", "cmdline", "status", "stack", "auxv"):
        attempt(f"{pid}/{name}", lambda path=f"/proc/{pid}/{name}": open(path, "rb").read(16)[0])
    for name in ("fd", "task", "cwd/", "root/"):
        attempt(f"list {pid}/{name}", lambda path=f"/proc/{pid}/{name}": os.listdir(path)[0])
    if pid != "self":
        for name in ("exe", "cwd", "root", "fd/0", "fd/1"):
            attempt(f"link {pid}/{name}", lambda path=f"/proc/{pid}/{name}": os.readlink(path))
