# verdict: passed
"""One file from the year 2400, one from before the first computer."""
import os


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    for name, moment in (("scale.py", 13_569_465_600), ("scale (1).py", -2_000_000_000)):
        (people / student / name).write_bytes(right)
        os.utime(people / student / name, (moment, moment))
