# verdict: refused
# says: cannot be read
"""The index says ten bytes; three megabytes follow."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    text = bytearray(zip_of((SCALE, right + b"#" * 3_000_000)))
    index = text.rindex(b"PK\1\2")
    text[index + 24 : index + 28] = (10).to_bytes(4, "little")
    (people / f"{student}.zip").write_bytes(bytes(text))
