# verdict: passed
"""Names with line ends, escape sequences, markup and bytes that are no text."""
import os


def hand_in(people, student, right, secret):
    folder = people / student / "ch1_mini"
    folder.mkdir(parents=True)
    (folder / "scale.py").write_bytes(right)
    for name in ("a\nb.py", "\x1b[2J\x1b]0;owned\x07.py", "<script>alert(1)<.py", "\u202eyp.py", "=1+1.py"):
        (folder / name).write_bytes(b"")
    with open(os.fsencode(folder) + b"/\xff\xfe.py", "wb"):
        pass
