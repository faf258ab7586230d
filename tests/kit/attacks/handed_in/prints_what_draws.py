# verdict: failed
"""Prints, names its locals and raises with every character that a terminal, a page or a reader obeys."""

WORK = r'''
OBEYED = "".join(map(chr, [*range(32), *range(127, 160), 0x61c, *range(0x200b, 0x2010), *range(0x2028, 0x202f),
                           *range(0x2060, 0x2070), 0xfeff, 0xe0041, 0xe007f]))


def double(x):
    print("drawn", OBEYED, chr(0xd800))
    value = OBEYED
    raise ValueError("raised" + OBEYED)


def halve(x):
    print(OBEYED)
    return OBEYED
'''


def hand_in(people, student, right, secret):
    folder = people / student / "ch1_mini"
    folder.mkdir(parents=True)
    (folder / "scale.py").write_text(WORK, encoding="utf-8")
