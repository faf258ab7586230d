# verdict: passed
"""Numbers that are infinite, or none, wherever a number stands."""


def hand_in(people, student, right, secret):
    import json

    source = json.dumps(right.decode()).encode()
    cell = b'{"cell_type": "code", "execution_count": 1e400000, "metadata": {"grader": {"newlines": NaN}}, "source": '
    end = b'}], "nbformat": 4, "nbformat_minor": -1e400000, "metadata": {"grader": Infinity}}'
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(b'{"cells": [' + cell + source + end)
