# verdict: refused
# says: it is damaged
"""The head of a compressed archive, and noise behind it."""
from attacks.support.packing import SCALE, tar_of


def hand_in(people, student, right, secret):
    data = tar_of((SCALE, right))
    (people / f"{student}.tar.gz").write_bytes(data[:40] + bytes(range(256)) + data[40:])
