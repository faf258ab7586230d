# verdict: failed
"""Comprehensions in comprehensions: Python's parser goes back and forth where it finds nothing behind them."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    nested = b"[" * 150 + b"x" + b" for x in {y: (z for z in" * 150
    (people / student / "scale.py").write_bytes(right + b"\nNESTED = " + nested + b"\n")
