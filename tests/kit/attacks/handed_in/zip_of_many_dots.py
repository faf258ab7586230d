# verdict: passed
# costs: time
"""Two thousand names of eighty endings each, which are nearly the exercise's."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    members = [("scale" + ".py.txt" * 34 + f".{number}.py", b"") for number in range(2000)]
    (people / f"{student}.zip").write_bytes(zip_of(*members, (SCALE, right)))
