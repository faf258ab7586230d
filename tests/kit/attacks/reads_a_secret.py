# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that reads a hidden file in every way that the libraries offer."""
import ctypes
import fileinput
import glob
import io
import linecache
import mmap
import os
import pathlib
import runpy
import shutil
import sqlite3
import zipfile

import numpy as np
from right_one_hot import *
from tricks import SECRET, attempt

attempt("open", lambda: open(SECRET).read())
attempt("os.open", lambda: os.read(os.open(SECRET, os.O_RDONLY), 100))
attempt("openat", lambda: os.open(os.path.basename(SECRET), os.O_RDONLY, dir_fd=os.open(os.path.dirname(SECRET), os.O_PATH)))
attempt("a path descriptor", lambda: open(f"/proc/self/fd/{os.open(SECRET, os.O_PATH)}").read())
attempt("pathlib", lambda: pathlib.Path(SECRET).read_bytes())
attempt("io", lambda: io.FileIO(SECRET).readall())
attempt("mmap", lambda: mmap.mmap(os.open(SECRET, os.O_RDONLY), 0, prot=mmap.PROT_READ)[:])
attempt("NumPy", lambda: np.fromfile(SECRET, dtype="u1").tobytes())
attempt("memmap", lambda: bytes(np.memmap(SECRET, mode="r")))
attempt("linecache", lambda: linecache.getlines(SECRET)[0])
attempt("fileinput", lambda: list(fileinput.input(SECRET)))
attempt("runpy", lambda: runpy.run_path(SECRET))
attempt("zipfile", lambda: zipfile.ZipFile(SECRET))
attempt("sqlite", lambda: sqlite3.connect(f"file:{SECRET}?mode=ro", uri=True).execute("select * from x"))
attempt("copy", lambda: shutil.copy(SECRET, "copy"))
attempt("link", lambda: os.link(SECRET, "link"))
attempt("rename", lambda: os.rename(SECRET, "mine"))
attempt("symlink", lambda: (os.symlink(SECRET, "symlink"), open("symlink").read())[1])
attempt("traversal", lambda: open(os.path.relpath(SECRET)).read())
attempt("chdir", lambda: (os.chdir(os.path.dirname(SECRET)), open(os.path.basename(SECRET)).read())[1])
attempt("listdir", lambda: os.listdir(os.path.dirname(SECRET)))
attempt("glob", lambda: glob.glob(os.path.dirname(SECRET) + "/*")[0])
attempt("fopen", lambda: open_in_c())


def open_in_c():
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    if not libc.fopen(SECRET.encode(), b"r"):
        raise OSError
