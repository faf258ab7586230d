# verdict: passed
# costs: time
"""Magics with a hundred thousand options, nested in one another."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    cells = ["%time " + "-r " * 100_000, "%%time " + "-D x " * 30_000 + "\n1", "%%capture\n" * 2000 + "1"]
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(*cells, right.decode()))
