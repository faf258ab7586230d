# verdict: refused
"""The end of the archive says that its list lies sixteen exabytes away."""
from attacks.support.packing import SCALE, zip_of


def hand_in(people, student, right, secret):
    data = bytearray(zip_of((SCALE, right)))
    end = data.rindex(b"PK\5\6")
    far = b"PK\6\6" + (44).to_bytes(8, "little") + bytes(4) + b"\xff" * 40
    where = b"PK\6\7" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    data[end + 8 : end + 20] = b"\xff" * 12
    (people / f"{student}.zip").write_bytes(bytes(data[:end]) + far + where + bytes(data[end:]))
