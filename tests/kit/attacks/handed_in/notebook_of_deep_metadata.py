# verdict: refused
# says: it is nested too deep
"""Right cells, and metadata in metadata a hundred thousand deep."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    deep = b', "more": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(right.decode())[:-1] + deep)
