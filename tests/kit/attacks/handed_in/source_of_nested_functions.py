# verdict: failed
# says: nested too deep
"""Functions in functions, each without a bracket that could be counted."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNESTED = " + b"lambda: " * 100_000 + b"0\n")
