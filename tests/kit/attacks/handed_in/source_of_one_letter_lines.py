# verdict: failed
# says: takes too much memory
# costs: memory
"""Two megabytes of lines of one letter: parsed they take a thousand times as much."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes((right + b"a\n" * 2**20)[: 2 * 2**20])
