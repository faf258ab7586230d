# verdict: refused
# says: no exercise's file was found in it
"""The work is a pipe: whoever opens it waits for ever."""
import os


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    os.mkfifo(people / student / "scale.py")
