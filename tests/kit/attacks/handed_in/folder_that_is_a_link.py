# verdict: refused
# says: it is a link
"""The submission itself is a link to a hidden folder."""


def hand_in(people, student, right, secret):
    (people / student).symlink_to(secret.parent)
