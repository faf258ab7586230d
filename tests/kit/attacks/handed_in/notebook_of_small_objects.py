# verdict: refused
# says: takes too much memory to read
# costs: memory
"""Thirty megabytes of objects in its metadata: each takes forty times as much once it is read."""


def hand_in(people, student, right, secret):
    objects = b'{"":{}},' * 4_190_000
    text = b'{"cells": [], "nbformat": 4, "metadata": {"outputs": [' + objects + b"{}]}}"
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(text)
