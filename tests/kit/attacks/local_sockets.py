# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that looks for other submissions on abstract, path and vsock sockets."""
import socket

from right_one_hot import *
from tricks import attempt


def bound(family, address):
    with socket.socket(family) as sock:
        sock.bind(address)


def connected(family, address):
    with socket.socket(family) as sock:
        sock.connect(address)


attempt("abstract", lambda: bound(socket.AF_UNIX, "\0meeting-place"))
attempt("abstract, connected", lambda: connected(socket.AF_UNIX, "\0meeting-place"))
attempt("path", lambda: bound(socket.AF_UNIX, "/tmp/meeting-place"))
attempt("in the scratch", lambda: bound(socket.AF_UNIX, "socket"))
attempt("vsock", lambda: connected(socket.AF_VSOCK, (2, 1)))
attempt("netlink", lambda: bound(socket.AF_NETLINK, (0, 0)))
