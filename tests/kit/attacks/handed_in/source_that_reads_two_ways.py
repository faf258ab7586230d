# verdict: failed
"""A comment in UTF-8 that is code in UTF-7: who looks for banned names would not see it."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    hidden = b"# -*- coding: utf_7 -*-\n# +AAo-print('ESCAPED')\n"
    (people / student / "scale.py").write_bytes(hidden + right)
