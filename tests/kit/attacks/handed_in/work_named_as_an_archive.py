# verdict: refused
# says: it is no archive
"""A Python file that is called as an archive is."""


def hand_in(people, student, right, secret):
    (people / f"{student}.zip").write_bytes(right)
