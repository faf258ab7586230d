# verdict: refused
# says: is not a notebook
"""Brackets in brackets, deeper than a parser goes."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(b'{"cells": ' + b"[" * 100_000)
