# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that sets timers without end, of which all processes of a user have a number together."""
import ctypes

from right_one_hot import *

libc = ctypes.CDLL(None)
made = 0
while made < 5000 and libc.timer_create(1, None, ctypes.byref(ctypes.c_void_p())) == 0:
    made += 1
if made >= 5000:
    print("ESCAPED", made)
