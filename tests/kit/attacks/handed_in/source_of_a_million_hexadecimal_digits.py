# verdict: passed
"""A number that is read at once, and that nobody can print."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    text = right + b"\nNUMBER = 0x" + b"f" * 1_000_000 + b"\n\n\ndef unused():\n    raise NotImplementedError\n"
    (people / student / "scale.py").write_bytes(text)
    (people / student / "scale (1).py").write_bytes(text)
