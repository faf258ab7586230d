# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that opens sockets of every family, and asks for names."""
import asyncio
import socket
import urllib.request

from right_one_hot import *
from tricks import attempt

families = [name for name in dir(socket) if name.startswith("AF_")]
for name in families:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(f"socket {name}", lambda name=name, kind=kind: socket.socket(getattr(socket, name), kind))
attempt("pair", lambda: socket.socketpair())
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 80), 1))
attempt("listen", lambda: socket.create_server(("", 0)))
attempt("DNS", lambda: socket.getaddrinfo("example.org", 80))
attempt("fetch", lambda: urllib.request.urlopen("http://127.0.0.1:80", timeout=1))
attempt("asyncio", lambda: asyncio.new_event_loop())
