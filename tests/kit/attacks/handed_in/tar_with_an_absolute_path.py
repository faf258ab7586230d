# verdict: refused
# says: points outside the archive
"""A member with an absolute path."""
from attacks.support.packing import tar_of


def hand_in(people, student, right, secret):
    (people / f"{student}.tar.gz").write_bytes(tar_of((str(secret.parent / "scale.py"), right)))
