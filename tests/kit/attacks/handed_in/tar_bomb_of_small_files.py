# verdict: refused
# says: expands to more than 256 MB
"""Each member is small and none is kept, but to skip them is to unpack them."""
from attacks.support.packing import SCALE, tar_of


def hand_in(people, student, right, secret):
    members = [(f"{n}.bin", bytes(1_000_000)) for n in range(270)]
    (people / f"{student}.tar.xz").write_bytes(tar_of(*members, (SCALE, right), mode="w:xz"))
