# verdict: passed
# student: '=cmd|' C'!A0
"""A student's name that a spreadsheet would run."""


def hand_in(people, student, right, secret):
    folder = people / "=cmd|' C'!A0"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
