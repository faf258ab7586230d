# verdict: passed
# student: adａ (2)
"""A name with a wide letter, which a reader and some programs do not tell from an honest student's."""


def hand_in(people, student, right, secret):
    folder = people / "ad\uff41"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
