# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that leaves messages to other submissions in the kernel's keyrings."""
from right_one_hot import *
from tricks import attempt, system_call

attempt("add_key", lambda: system_call("add_key", 0, 0, 0, 0, -4))
attempt("request_key", lambda: system_call("request_key", 0, 0, 0, 0))
attempt("keyctl", lambda: system_call("keyctl", 0, -4, 1))
