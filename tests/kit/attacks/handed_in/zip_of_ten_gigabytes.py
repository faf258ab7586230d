# verdict: refused
# says: larger than 2 MB
"""Archives in archives, which hold four thousand files of two and a half megabytes each, behind sixty kilobytes."""
from attacks.support.packing import zip_of


def hand_in(people, student, right, secret):
    inner = zip_of(*((f"scale ({number}).py", bytes(2_600_000)) for number in range(16)))
    for _ in range(2):
        inner = zip_of(*((f"scale ({number}).zip", inner) for number in range(16)))
    (people / f"{student}.zip").write_bytes(inner)
