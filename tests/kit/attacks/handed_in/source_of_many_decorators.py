# verdict: failed
# costs: time
"""One function under a quarter of a million decorators."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\n\n" + b"@a\n" * 250_000 + b"def unused():\n    pass\n")
