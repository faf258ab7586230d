# verdict: refused
# says: cannot be read
"""Half of an upload."""
import os

from attacks.support.packing import SCALE, tar_of


def hand_in(people, student, right, secret):
    text = tar_of((SCALE, right + os.urandom(5000)))
    (people / f"{student}.tar.gz").write_bytes(text[: len(text) // 2])
