# verdict: refused
# says: no exercise's file was found in it
"""A symbolic link as zip keeps one."""
import stat
import zipfile

from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    link = zipfile.ZipInfo(SCALE)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    (people / f"{student}.zip").write_bytes(zip_of((link, str(secret))))
