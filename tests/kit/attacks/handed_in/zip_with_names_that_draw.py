# verdict: passed
"""An archive whose members' names hold what is obeyed."""
from attacks.support.packing import zip_of


def hand_in(people, student, right, secret):
    data = zip_of(("scale.py", right), ("\x1b]0;x\x07.py", b"x"), ("a\u202eb\u2029/\x00.py", b"x"), ("\udcff.md".encode("utf-8", "replace").decode(), b"x"))
    (people / f"{student}.zip").write_bytes(data)
