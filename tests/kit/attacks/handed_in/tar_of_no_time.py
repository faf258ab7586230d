# verdict: passed
"""Two files whose times are no numbers: neither of them is newer than the other."""
import io
import tarfile


def hand_in(people, student, right, secret):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, moment in (("scale.py", "nan"), ("ch1_mini/scale.py", "nan"), ("scale (1).py", "-inf")):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(right), {"mtime": moment}
            archive.addfile(info, io.BytesIO(right))
    (people / f"{student}.tar.gz").write_bytes(buffer.getvalue())
