# verdict: passed
"""Two members of one name: the later one counts, as it would after unpacking."""
import warnings

from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = zip_of((SCALE, b"raise SystemExit"), (SCALE, right))
    (people / f"{student}.zip").write_bytes(text)
