# verdict: refused
# says: hidden files, caches and environments are passed over
"""Work in a hidden folder of the student's: it is passed over, and said so."""


def hand_in(people, student, right, secret):
    folder = people / student / ".\x1b[2Jhidden\u2067"
    folder.mkdir(parents=True)
    (folder / "scale.py").write_bytes(right)
