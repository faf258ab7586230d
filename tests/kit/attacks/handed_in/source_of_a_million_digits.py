# verdict: failed
# says: 4300 digits
"""A number that takes hours to be read as one."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNUMBER = " + b"9" * 1_000_000 + b"\n")
