# verdict: passed
"""A million lines that are one: each ends in a backslash."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNUMBER = \\\n" + b"\\\n" * 1_000_000 + b"1\n")
