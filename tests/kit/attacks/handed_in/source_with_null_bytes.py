# verdict: failed
"""Python refuses it, and so do we, by name."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\0")
