# verdict: refused
# says: more than 20000 files
"""More members than anyone hands in."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    (people / f"{student}.zip").write_bytes(zip_of(*((f"{n}.py", b"") for n in range(20_001)), (SCALE, right)))
