# verdict: refused
# says: is not a notebook
"""Numbers where cells and texts belong."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(b'{"cells": [{"cell_type": "code", "source": [1, null, {}]}, 7]}')
