# verdict: passed
# says: half a character
"""A lone surrogate, which JSON can write and no encoding can: it stands in one cell, and costs nothing elsewhere."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(right.decode(), "x = '\ud800'"))
