# verdict: passed
"""A member that wants to be written over somebody else's work: it is left aside, and costs only itself."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    (people / f"{student}.zip").write_bytes(zip_of(("../ada/ch1_mini/scale.py", right), (SCALE, right)))
