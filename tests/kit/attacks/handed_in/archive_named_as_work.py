# verdict: failed
# says: a zip archive
"""An archive that is called as the exercise is."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(zip_of((SCALE, right)))
