# verdict: refused
# says: cannot be read
"""The compressed bytes are no longer what they were."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    text = bytearray(zip_of((SCALE, right * 5)))
    text[50:60] = b"\xff" * 10
    (people / f"{student}.zip").write_bytes(bytes(text))
