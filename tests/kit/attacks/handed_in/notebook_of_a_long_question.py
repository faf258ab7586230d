# verdict: passed
# costs: time
"""A cell that asks for help on a name of a hundred thousand parts which is none."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of("a" + ".a" * 100_000 + " !?", right.decode()))
