# verdict: refused
# says: asks for a password
"""Marked as encrypted."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    text = bytearray(zip_of((SCALE, right)))
    text[6] |= 1
    text[text.rindex(b"PK\1\2") + 8] |= 1
    (people / f"{student}.zip").write_bytes(bytes(text))
