# verdict: refused
# says: larger than 2 MB
"""One line of three megabytes."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"#" * 3_000_000)
