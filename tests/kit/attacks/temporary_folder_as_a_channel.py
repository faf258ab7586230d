# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that leaves files, locks and marks for other submissions."""
import fcntl
import os
import tempfile

import numpy
from right_one_hot import *
from tricks import SECRET, attempt

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", "..", os.path.dirname(SECRET), os.path.dirname(__file__)):
    attempt("write " + folder, lambda folder=folder: open(folder + "/meeting-place", "w"))
    attempt("folder " + folder, lambda folder=folder: os.mkdir(folder + "/meeting-folder"))
attempt("its own file", lambda: open(__file__, "a"))
attempt("a library", lambda: open(numpy.__file__, "a"))
attempt("empty a library", lambda: os.open(numpy.__file__, os.O_RDONLY | os.O_TRUNC) if False else raise_error())
attempt("lock a library", lambda: fcntl.flock(open(numpy.__file__), fcntl.LOCK_EX))
attempt("record lock", lambda: fcntl.lockf(open(numpy.__file__), fcntl.LOCK_SH))


def raise_error():
    raise OSError


assert tempfile.mkstemp()[1].startswith(os.environ["TMPDIR"])
