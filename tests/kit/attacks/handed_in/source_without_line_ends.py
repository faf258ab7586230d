# verdict: passed
"""A text of nearly two megabytes on one line."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nTEXT = '" + b"x" * 2_000_000 + b"'\n")
