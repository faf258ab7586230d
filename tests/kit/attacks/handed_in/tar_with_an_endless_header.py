# verdict: refused
# says: cannot be read
"""A header that says eight gigabytes of header follow."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 2**33
    text = header.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(text))
