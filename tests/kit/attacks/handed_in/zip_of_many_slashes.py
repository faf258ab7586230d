# verdict: passed
# costs: time
"""Paths of thirty thousand folders, and the work."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    members = [("a/" * 30_000 + f"{number}.py", right) for number in range(100)]
    (people / f"{student}.zip").write_bytes(zip_of(*members, (SCALE, right)))
