# verdict: passed
"""A link to a hidden folder, then a file through it. Nothing is unpacked, so the file is just a file."""
import tarfile

from attacks.support.packing import SCALE, special, tar_of


def hand_in(people, student, right, secret):
    link = special("ch1_mini", tarfile.SYMTYPE, str(secret.parent))
    (people / f"{student}.tar").write_bytes(tar_of((link, b""), (SCALE, right), mode="w"))
