# verdict: failed
# says: declares the encoding
"""The name of its encoding has a million letters."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(b"# coding: " + b"a" * 1_000_000 + b"\n" + right)
