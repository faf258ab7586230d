# verdict: refused
# says: more than 20000 files
# costs: time
"""More members than an old archive can count."""
import io
import zipfile

from attacks.support.packing import SCALE


def hand_in(people, student, right, secret):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"")
        archive.filelist += [archive.filelist[0]] * 70_000
        archive.writestr(SCALE, right)
    (people / f"{student}.zip").write_bytes(buffer.getvalue())
