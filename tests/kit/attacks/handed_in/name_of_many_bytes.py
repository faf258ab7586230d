# verdict: passed
# student: 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀
"""A name of 62 characters, each of four bytes: with a suffix no disk takes it."""


def hand_in(people, student, right, secret):
    folder = people / ("\U0001f600" * 62)
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
