# verdict: refused
# says: more than 64 folders deep
"""Folders in folders, deeper than a recursive walk goes."""


def hand_in(people, student, right, secret):
    folder = people / student / "/".join(["d"] * 100)
    folder.mkdir(parents=True)
    (folder / "scale.py").write_bytes(right)
