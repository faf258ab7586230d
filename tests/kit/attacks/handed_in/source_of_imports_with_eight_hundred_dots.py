# verdict: passed
# costs: time
"""Two hundred thousand names from a module of eight hundred parts, in a function that nobody calls."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    line = b"    from " + b"a." * 800 + b"b import " + b", ".join([b"c"] * 200_000)
    (people / student / "scale.py").write_bytes(right + b"\n\ndef unused():\n" + line + b"\n")
