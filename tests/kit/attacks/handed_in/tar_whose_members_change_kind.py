# verdict: refused
# says: it is a link
"""One name is a folder, then a file, then a link: what was unpacked last would be there."""
import tarfile

from attacks.support.packing import SCALE, special, tar_of


def hand_in(people, student, right, secret):
    folder, link = special(SCALE, tarfile.DIRTYPE), special(SCALE, tarfile.SYMTYPE, str(secret))
    (people / f"{student}.tar.gz").write_bytes(tar_of((folder, b""), (SCALE, right), (link, b"")))
