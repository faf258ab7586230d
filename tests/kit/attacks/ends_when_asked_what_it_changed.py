# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer whose process ends each time that it is asked what it changed. It only harms itself."""
import os

import grader.worker.global_state
from right_one_hot import *

grader.worker.global_state.GlobalState.changes = lambda self: os._exit(0)
