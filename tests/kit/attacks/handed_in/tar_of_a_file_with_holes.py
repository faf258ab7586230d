# verdict: refused
# says: stored with holes
"""A file of two megabytes in half a million pieces of one byte, each put behind what is there already."""
import io
import tarfile


def hand_in(people, student, right, secret):
    pieces = 500_000
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("ch1_mini/scale.py")
        numbers = [f"{4 * n}\n1\n" for n in range(pieces)]
        head = f"{pieces}\n{''.join(numbers)}".encode()
        head += bytes(-len(head) % 512)
        real = {"GNU.sparse.realsize": str(4 * pieces), "GNU.sparse.name": "ch1_mini/scale.py"}
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", **real}
        info.size = len(head) + pieces
        archive.addfile(info, io.BytesIO(head + b"#" * pieces))
    (people / f"{student}.tar.gz").write_bytes(buffer.getvalue())
