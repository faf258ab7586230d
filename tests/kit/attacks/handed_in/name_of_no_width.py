# verdict: passed
# student: ad\u200b\u2060a
"""An honest student's name with characters of no width in it."""


def hand_in(people, student, right, secret):
    folder = people / "ad\u200b\u2060a"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
