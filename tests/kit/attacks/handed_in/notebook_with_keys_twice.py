# verdict: passed
"""The list of cells stands in it twice: what Jupyter would open counts, which is the last."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    first, last = notebook_of("def double(x):\n    return x\n"), notebook_of(right.decode())
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(first[:-1] + b", " + last[1:])
