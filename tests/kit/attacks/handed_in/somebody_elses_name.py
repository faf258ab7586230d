# verdict: failed
# student: zoe_h (2)
"""A name that prints like an honest student's: it gets a number, and overwrites no mark."""


def hand_in(people, student, right, secret):
    folder = people / "zoe_h\u00a0"
    folder.mkdir()
    (folder / "scale.py").write_bytes(b"def double(x):\n    return x\n\n\ndef halve(x):\n    return x\n")
