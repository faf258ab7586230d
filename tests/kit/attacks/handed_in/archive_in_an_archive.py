# verdict: refused
# says: no exercise's file was found in it
"""The work is two archives deep; what is inside an archive is not opened as one."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    inner = zip_of((SCALE, right))
    for _ in range(3):
        inner = zip_of(("inner.zip", inner))
    (people / f"{student}.zip").write_bytes(inner)
