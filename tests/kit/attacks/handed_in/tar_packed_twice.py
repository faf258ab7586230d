# verdict: refused
# says: cannot be read
"""What is compressed in it is compressed again."""
import gzip

from attacks.support.packing import SCALE, tar_of


def hand_in(people, student, right, secret):
    (people / f"{student}.tar.gz").write_bytes(gzip.compress(tar_of((SCALE, right))))
