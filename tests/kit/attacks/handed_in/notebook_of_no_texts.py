# verdict: refused
# says: its cells are not as the format has them
"""Cells whose texts are numbers."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of({"cell_type": "code", "source": [1, 2]}))
