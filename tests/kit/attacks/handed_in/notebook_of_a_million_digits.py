# verdict: refused
# says: it holds a number that is too long to be read
"""A number of a million digits among the outputs."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    text = b'{"cells": [], "nbformat": 4, "nbformat_minor": ' + b"9" * 1_000_000 + b"}"
    (people / student / "scale.ipynb").write_bytes(text)
