# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that puts links, pipes, sockets and devices where the grader may read."""
import os
import stat

from right_one_hot import *
from tricks import SECRET, attempt

attempt("symlink", lambda: os.symlink(SECRET, "answer.txt"))
attempt("folder link", lambda: os.symlink("/", "everything"))
attempt("hard link", lambda: os.link(SECRET, "hard"))
attempt("link of a library", lambda: os.link(os.__file__, "library"))
attempt("pipe", lambda: os.mkfifo("pipe"))
attempt("device", lambda: os.mknod("zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5)))
attempt("disk", lambda: os.mknod("disk", 0o666 | stat.S_IFBLK, os.makedev(8, 0)))
attempt("terminal", lambda: open("/dev/tty"))
