# verdict: passed
# student: con
"""A name that is a device's on Windows, whatever the suffix."""


def hand_in(people, student, right, secret):
    folder = people / "con"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
