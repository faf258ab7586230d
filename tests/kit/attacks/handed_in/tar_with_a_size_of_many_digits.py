# verdict: refused
"""A member whose size, owner and time have five thousand digits."""
import io
import tarfile


def hand_in(people, student, right, secret):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("scale.py")
        info.pax_headers = {"size": "9" * 5000, "uid": "9" * 5000, "mtime": "9" * 5000, "path": "ch1_mini/" * 2000}
        info.size = len(right)
        archive.addfile(info, io.BytesIO(right))
    (people / f"{student}.tar.gz").write_bytes(buffer.getvalue())
