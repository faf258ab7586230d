# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer with an audit hook that sees whatever the worker does, and says it."""
import sys

from right_one_hot import *

seen = []


def hook(event, arguments):
    if len(seen) < 10**6:
        seen.append(event)
    if event in ("open", "socket.sendmsg") and len(seen) < 1000:
        print(event, arguments)


sys.addaudithook(hook)
