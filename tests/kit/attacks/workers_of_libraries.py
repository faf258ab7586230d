# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that starts the processes which libraries start by themselves."""
import concurrent.futures
import multiprocessing

import torch
import torch.multiprocessing
import torch.utils.data
from right_one_hot import *
from tricks import attempt


def pool():
    with concurrent.futures.ProcessPoolExecutor(1) as started:
        return started.submit(abs, 1).result(5)


attempt("DataLoader", lambda: next(iter(torch.utils.data.DataLoader([1, 2, 3], num_workers=4))))
attempt("spawn", lambda: torch.multiprocessing.spawn(print, nprocs=1))
attempt("pool", pool)
attempt("manager", lambda: multiprocessing.Manager())
attempt("shared tensor", lambda: torch.zeros(3).share_memory_())
attempt("queue", lambda: multiprocessing.Queue())
attempt("compiler", lambda: torch.utils.cpp_extension.load_inline("x", "int f() { return 1; }", functions=["f"]))
