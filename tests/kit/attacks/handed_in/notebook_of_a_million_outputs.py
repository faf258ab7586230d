# verdict: passed
"""A million outputs, which are not looked at."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [{}] * 1_000_000, "source": right.decode()}
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(cell))
