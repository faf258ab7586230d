# verdict: passed
# says: the cell is left out
# costs: time
"""Shell lines by the thousand in one cell, and the work in another."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of("!ls -l\n" * 5000, right.decode()))
