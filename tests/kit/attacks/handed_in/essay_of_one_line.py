# verdict: passed
"""An essay of two megabytes on one line, which begins as a formula does."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right)
    (people / student / "essay.md").write_bytes(b"=HYPERLINK(" + b"\x1b[2J\xff" * 400_000)
