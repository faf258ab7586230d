# verdict: refused
# says: no exercise's file was found in it
"""The work is a link to a hidden file."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").symlink_to(secret)
