"""A place to run other people's modules in: what they change of this process is put back."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CHAPTER = re.compile(r"ch\d+_")
SEED = 0


@contextmanager
def apart() -> Iterator[None]:
    """Modules of chapters are imported anew. Those of the caller, a notebook's kernel say, are there again after it.

    Random numbers start from one seed, and one thread computes: small models are quicker so, and sums come out alike.
    """
    held = {name: module for name, module in sys.modules.items() if CHAPTER.match(name)}
    path, finders, threads = list(sys.path), list(sys.meta_path), torch.get_num_threads()
    writes_bytecode = sys.dont_write_bytecode
    _forget()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            torch.set_num_threads(1)
            yield
    finally:
        _forget()
        sys.modules.update(held)
        sys.path[:], sys.meta_path[:], sys.dont_write_bytecode = path, finders, writes_bytecode
        torch.set_num_threads(threads)


def _forget() -> None:
    for name in [name for name in sys.modules if CHAPTER.match(name)]:
        del sys.modules[name]
