# verdict: refused
# says: no exercise's file was found in it
"""Devices and a pipe that never end, under the name of the work."""
import tarfile

from attacks.support.packing import SCALE, special, tar_of


def hand_in(people, student, right, secret):
    kinds = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    (people / f"{student}.tar").write_bytes(tar_of(*((special(SCALE, kind), b"") for kind in kinds), mode="w"))
