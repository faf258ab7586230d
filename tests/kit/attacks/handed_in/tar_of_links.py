# verdict: refused
# says: no exercise's file was found in it
"""A symbolic and a hard link to a hidden file in place of the work."""
import tarfile

from attacks.support.packing import SCALE, special, tar_of


def hand_in(people, student, right, secret):
    links = [(special(SCALE, kind, str(secret)), b"") for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)]
    (people / f"{student}.tar").write_bytes(tar_of(*links, mode="w"))
