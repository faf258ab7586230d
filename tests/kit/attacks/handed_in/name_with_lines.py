# verdict: passed
# student: mia\r\ntotal\x85\u2028ada\u2029,10\x0b\x0c
"""A name with every way to end a line, so that it writes rows of its own."""


def hand_in(people, student, right, secret):
    folder = people / "mia\r\ntotal\x85\u2028ada\u2029,10\x0b\x0c"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
