# verdict: failed
# says: nested too deep
"""A name of a hundred thousand parts, which Python does not read."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\n\ndef unused(a):\n    return a" + b".a" * 100_000 + b"\n")
