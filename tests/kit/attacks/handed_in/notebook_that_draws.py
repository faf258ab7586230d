# verdict: passed
"""A notebook whose cells, magics and errors hold what is obeyed: notes quote them."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    cells = (right.decode(), "%cd \x1b[2J\u202e", "!ls \x9b\u2028x\u200e", "1 +\u200b= \ufeff", "raise ValueError('\\x1b\\u2066')")
    (people / student / "scale.ipynb").write_bytes(notebook_of(*cells))
