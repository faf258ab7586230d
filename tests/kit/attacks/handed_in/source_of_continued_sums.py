# verdict: failed
# says: nested too deep
"""A sum over three hundred thousand lines, each of which ends in a backslash."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNUMBER = " + b"1 + \\\n" * 300_000 + b"1\n")
