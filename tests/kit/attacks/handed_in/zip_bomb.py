# verdict: refused
# says: no exercise's file was found in it
"""Twenty files of zeros behind a few kilobytes."""
from attacks.support.packing import zip_of


def hand_in(people, student, right, secret):
    (people / f"{student}.zip").write_bytes(zip_of(*((f"{n}.py", bytes(1_900_000)) for n in range(20))))
