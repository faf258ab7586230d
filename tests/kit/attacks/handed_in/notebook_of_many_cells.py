# verdict: refused
# says: more than 5,000 cells of code
"""A hundred thousand cells."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(right.decode(), *["1"] * 100_000))
