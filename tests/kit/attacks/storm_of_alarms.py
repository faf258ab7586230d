# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer under a storm of alarms, two thousand a second, which interrupt every wait."""
import signal

from right_one_hot import *

signal.signal(signal.SIGALRM, lambda *args: None)
signal.signal(signal.SIGVTALRM, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
