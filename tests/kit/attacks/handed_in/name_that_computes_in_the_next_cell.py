# verdict: passed
# student: eva;'=1+cmd|'!A0
"""A formula behind a semicolon, which many spreadsheets take for the end of a cell."""


def hand_in(people, student, right, secret):
    folder = people / "eva;=1+cmd|'!A0"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
