# verdict: passed
# costs: time
"""Names of sixty thousand letters, dots, blanks and words for copies, and the work."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    kinds = ("a", ".py", " ", "copy of ", " - Copy", "(1)", "\u202e")
    members = [(kind * (60_000 // len(kind.encode())) + f"{n}.py", b"") for n in range(30) for kind in kinds]
    (people / f"{student}.zip").write_bytes(zip_of(*members, (SCALE, right)))
