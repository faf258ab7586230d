# verdict: refused
# says: hold more than 2 MB of text
"""A cell of three megabytes, in half a million strings."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": [right.decode(), *["1 + 1\n"] * 500_000]}
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(cell))
