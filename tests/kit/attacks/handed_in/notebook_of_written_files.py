# verdict: passed
# says: was set aside
"""Four thousand cells that each write a file, and one that works."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    cells = [f"%%writefile {secret.parent}/written{n}.py\nprint(1)" for n in range(4000)]
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(*cells, right.decode()))
