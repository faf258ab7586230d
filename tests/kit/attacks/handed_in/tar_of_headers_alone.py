# verdict: refused
# says: cannot be read
"""Headers of headers: each says that the next member is called otherwise, and the next member is another header."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 512
    block = header.tobuf(tarfile.GNU_FORMAT) + b"12 path=abc\n".ljust(512, b"\0")
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(block * 5000 + bytes(10_240)))
