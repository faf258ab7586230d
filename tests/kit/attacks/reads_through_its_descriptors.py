# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that reaches for its neighbours through the numbers of its own and its parent's descriptors."""
import os

from right_one_hot import *
from tricks import attempt, own_socket

mine = own_socket()
attempt("its socket", lambda: os.open(f"/proc/self/fd/{mine}", os.O_RDWR))
attempt("peer by dot dot", lambda: os.open("..", os.O_RDONLY, dir_fd=os.open(".", os.O_RDONLY)))
attempt("fdinfo", lambda: open(f"/proc/self/fdinfo/{mine}").read())
attempt("map_files", lambda: os.listdir("/proc/self/map_files"))
attempt("cwd", lambda: os.listdir("/proc/self/cwd/.."))
attempt("root", lambda: os.listdir("/proc/self/root/"))
attempt("exe", lambda: open("/proc/self/exe", "r+b"))
for number in range(12):
    attempt(f"parent's {number}", lambda number=number: os.open(f"/proc/{os.getppid()}/fd/{number}", os.O_RDONLY))
