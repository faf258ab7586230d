# verdict: refused
# says: a header of it is larger
"""A header of 1.9 million digits, in which a number is looked for from each of them."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1_900_000
    text = header.tobuf(tarfile.GNU_FORMAT) + b"9" * header.size
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(text + bytes(20_480)))
