# verdict: passed
# student: '＝cmd|'!A0
"""A formula behind a blank that no reader sees, and of wide characters."""


def hand_in(people, student, right, secret):
    folder = people / "\u3000\uff1dcmd|'!A0"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
