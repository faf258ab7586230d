# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Takes the socket that it has, and connects, binds, listens and passes descriptors with it."""
import socket

from tricks import SECRET, attempt, own_socket

mine = socket.socket(fileno=own_socket())
for action in (
    lambda: mine.connect("\0meeting-place"),
    lambda: mine.bind("\0meeting-place"),
    lambda: mine.listen(),
    lambda: socket.send_fds(mine, [b"x" * 8], [1, 2]),
    lambda: mine.shutdown(socket.SHUT_RDWR),
):
    try:
        action()
    except OSError:
        pass


def one_hot(ids, vocab_size):
    return None
