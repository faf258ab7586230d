# verdict: passed
"""Files whose names hold every kind of character that is obeyed, and one whose name is as long as a disk takes."""


def hand_in(people, student, right, secret):
    folder = people / student
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
    for name in ("\x9b2J.py", "a\u2066b\u200f.py", "a\u2028b\x85.md", "\ufeff=1.py", "\U000e0041.py", "\x7f" * 200 + ".py"):
        (folder / name).write_bytes(b"x = 1")
