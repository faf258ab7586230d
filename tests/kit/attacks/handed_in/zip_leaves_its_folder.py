# verdict: refused
# says: points outside the archive
"""A member that wants to be written over somebody else's work."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    (people / f"{student}.zip").write_bytes(zip_of(("../ada/ch1_mini/scale.py", right), (SCALE, right)))
