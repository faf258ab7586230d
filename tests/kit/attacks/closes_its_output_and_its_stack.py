# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that closes its output and the pipe of stacks, and opens other files in their place."""
import os

from right_one_hot import *
from tricks import trace_pipe

trace = trace_pipe()
os.closerange(0, 3)
os.close(trace)
files = [os.open(f"file-{number}", os.O_RDWR | os.O_CREAT) for number in range(3)]
os.dup2(files[0], trace)
print("into a file")
