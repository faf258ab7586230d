# verdict: passed
"""A name of fifteen hundred parts, which Python reads: each is one level of its tree."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\n\ndef unused(a):\n    return a" + b".a" * 1500 + b"\n")
