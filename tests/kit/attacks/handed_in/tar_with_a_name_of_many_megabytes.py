# verdict: refused
# says: a header of it is larger
"""A name of a hundred megabytes behind a hundred kilobytes."""
import gzip
import tarfile


def hand_in(people, student, right, secret):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 100 * 2**20
    parts = [header.tobuf(tarfile.GNU_FORMAT), *[b"a" * 2**20] * 100, tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT)]
    (people / f"{student}.tar.gz").write_bytes(b"".join(gzip.compress(part, 1) for part in (*parts, bytes(10_240))))
