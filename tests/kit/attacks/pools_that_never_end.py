# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer with a pool of threads at work for ever, and a wish for a hundred more."""
import concurrent.futures
import os
import threading
import time

import torch
from right_one_hot import *

os.environ.update({"OMP_NUM_THREADS": "100", "MKL_NUM_THREADS": "100", "KMP_AFFINITY": "verbose"})
threading.stack_size(64 * 1024)
torch.set_num_threads(100)
pool = concurrent.futures.ThreadPoolExecutor(4)
for _ in range(4):
    pool.submit(time.sleep, 10**6)
