# verdict: failed
"""Braces in the braces of a format, as deep as quotes allow, and then as deep as they do not."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nNESTED = f'" + b"{1:" * 100_000 + b"}" * 100_000 + b"'\n")
