# verdict: refused
# says: larger than 2 MB
"""Two megabytes and one byte."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"#" * (2 * 2**20 + 1 - len(right)))
