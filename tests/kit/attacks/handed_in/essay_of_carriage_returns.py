# verdict: passed
"""An essay whose lines end in nothing but a carriage return, with formulas, NULs and quotes behind each."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right)
    (people / student / "essay.md").write_bytes(b'\r=cmd()\r\0"\r,\t@SUM(1)\r\r\n;-1+1' * 1000)
