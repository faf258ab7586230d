# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that shows its environment, arguments and search path."""
import os
import sys

from right_one_hot import *

print(dict(os.environ), sys.argv, sys.flags)
print({name: value for name, value in vars(sys).items() if isinstance(value, str | list | tuple)})
