# verdict: passed
# student: '+1
"""A name that a spreadsheet takes for a number, and saves as another."""


def hand_in(people, student, right, secret):
    folder = people / "+1"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
