# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that unpacks hostile files by the libraries' own means, which read, start and fetch things."""
import os
import pickle

import numpy as np
import torch
from right_one_hot import *
from tricks import KIT, SECRET, attempt


class Reads:
    def __reduce__(self):
        return open, (SECRET,)


class Starts:
    def __reduce__(self):
        return os.system, ("true",)


def unpacked(item):
    found = pickle.loads(pickle.dumps(item))
    if found != 0 and isinstance(found, int):
        raise OSError(found)
    return found


attempt("pickle that reads", lambda: unpacked(Reads()))
attempt("pickle that starts", lambda: unpacked(Starts()))
attempt("np.load", lambda: np.load(SECRET, allow_pickle=True))
attempt("np.memmap", lambda: np.memmap(SECRET, mode="c"))
attempt("np.genfromtxt", lambda: np.genfromtxt(SECRET, dtype=str))
attempt("torch.load", lambda: torch.load(SECRET, weights_only=False))
attempt("from_file", lambda: torch.from_file(SECRET, size=8, dtype=torch.uint8))
attempt("torch.hub", lambda: torch.hub.load(KIT, "x", source="local"))
attempt("url", lambda: torch.hub.load_state_dict_from_url("http://127.0.0.1/x.pt"))
attempt("load_library", lambda: torch.ops.load_library(SECRET))
attempt("DataPipe", lambda: list(torch.utils.data.datapipes.iter.FileLister(KIT + "/tests"))[0])
