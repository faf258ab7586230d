# verdict: passed
# costs: time
"""Texts with escapes that Python does not know, and warns of: a control character stands behind the backslash."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    lines = b"\n\n\ndef unused():\n    raise NotImplementedError\n" + b'"\\\x0e"\n"\\\x1b"\n' * 20_000
    for name in ("scale.py", "scale (1).py"):
        (people / student / name).write_bytes(right + lines)
