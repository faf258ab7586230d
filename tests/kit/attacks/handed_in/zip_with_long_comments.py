# verdict: passed
"""Comments of sixty-four kilobytes on the archive and on each member, with the marks of an archive's end in them."""
import io
import zipfile

from attacks.support.packing import SCALE


def hand_in(people, student, right, secret):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(100):
            info = zipfile.ZipInfo(f"{number}.txt")
            info.comment = info.extra = b"\xfe\xca\xf8\xff" + b"PK\1\2" * 16_382
            archive.writestr(info, b"")
        archive.writestr(SCALE, right)
        archive.comment = b"\x1b[2J" * 16_000
    (people / f"{student}.zip").write_bytes(buffer.getvalue())
