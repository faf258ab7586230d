# verdict: refused
# says: no exercise's file was found in it
"""The work is a socket, and so is what lies beside it."""
import os
import socket


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    here = os.getcwd()
    os.chdir(people / student)  # a socket's path may be no longer than a hundred bytes
    try:
        for name in ("scale.py", "work.zip"):
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(name)
    finally:
        os.chdir(here)
