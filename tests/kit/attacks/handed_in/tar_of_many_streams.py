# verdict: refused
# says: expands to more than 256 MB
# costs: time
"""The same ten megabytes of zeros twenty-seven times over, each a stream of its own."""
import bz2


def hand_in(people, student, right, secret):
    (people / f"{student}.tar.bz2").write_bytes(bz2.compress(bytes(10_000_000)) * 27)
