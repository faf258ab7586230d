# verdict: passed
"""A number nearly as long as Python reads one."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNUMBER = " + b"9" * 4000 + b"\n")
