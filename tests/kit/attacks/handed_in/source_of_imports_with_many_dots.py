# verdict: failed
# says: takes too much memory
# costs: memory
"""An import from a module of a hundred thousand parts, for which the parser takes more memory than reading may."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    line = b"    from " + b"a." * 100_000 + b"b import " + b", ".join([b"c"] * 100_000)
    (people / student / "scale.py").write_bytes(right + b"\n\ndef unused():\n" + line + b"\n")
