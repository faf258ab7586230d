# verdict: passed
# student: \u202egnp\u2066.\u061cexe
"""A name that turns the rest of its line around, and never turns it back."""


def hand_in(people, student, right, secret):
    folder = people / "\u202egnp\u2066.\u061cexe"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
