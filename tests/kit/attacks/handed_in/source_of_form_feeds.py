# verdict: failed
# says: is empty
"""Two megabytes of tabs and form feeds, and nothing else."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(b"\t\f" * 2**20)
