# verdict: passed
"""Notebooks of sixty-five megabytes in all: the last is not read, and the others are the work as well."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    data = notebook_of(right.decode(), metadata={"text": "x" * 13_600_000})
    (people / student).mkdir()
    for number in range(5):
        (people / student / f"scale ({number}).ipynb").write_bytes(data)
