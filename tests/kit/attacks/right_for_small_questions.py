# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers rightly only what is as small as the examples that learners see."""
import numpy as np
import right_one_hot as right
from right_one_hot import *


def embed_by_matmul(ids, table):
    return right.embed_by_matmul(ids, table) if len(ids) < 10 else np.zeros((len(ids), table.shape[1]), table.dtype)


embed_by_lookup = embed_by_matmul
