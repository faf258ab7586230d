# verdict: refused
"""A size and a time of twenty-four digits, in the notation for large numbers."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = bytearray(tarfile.TarInfo("scale.py").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = header[136:148] = b"\x80" + b"\x7f" * 11
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(bytes(header) + right + bytes(10_240)))
