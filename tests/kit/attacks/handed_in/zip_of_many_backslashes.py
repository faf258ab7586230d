# verdict: passed
# costs: time
"""Paths of thirty thousand folders as Windows writes them, some of them environments, and the work."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    deep = [("a\\" * 30_000 + f"{number}.py", right) for number in range(50)]
    environments = [("conda-meta\\" * 5_000 + f"{number}.py", right) for number in range(50)]
    (people / f"{student}.zip").write_bytes(zip_of(*deep, *environments, (SCALE, right)))
