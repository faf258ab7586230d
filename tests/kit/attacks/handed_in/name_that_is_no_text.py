# verdict: passed
# student: \udcff\udc80noa
"""A name of bytes that no encoding has."""
import os


def hand_in(people, student, right, secret):
    folder = os.fsencode(people) + b"/\xff\x80noa"
    os.mkdir(folder)
    with open(folder + b"/scale.py", "wb") as file:
        file.write(right)
