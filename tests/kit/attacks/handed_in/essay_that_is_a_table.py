# verdict: passed
"""A long essay with formulas, quotes, and every way to end a row, a cell or a file."""


def hand_in(people, student, right, secret):
    folder = people / student / "ch1_mini"
    folder.mkdir(parents=True)
    (folder / "scale.py").write_bytes(right)
    rows = "\r=cmd|' /C calc'!A0\n\"zoe_h\",\"10\";=1+1\t@SUM(1)\0\x1a\u2028+1\n-1\r\n"
    (folder / "essay.md").write_text(rows * 3000, encoding="utf-8", newline="")
