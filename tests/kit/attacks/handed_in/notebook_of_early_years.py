# verdict: refused
# says: more than 5,000 cells of code
"""Six thousand cells in the format of 2013, which has to be brought to that of today."""
import json


def hand_in(people, student, right, secret):
    cell = {"cell_type": "code", "language": "python", "input": "1", "outputs": [], "collapsed": False, "metadata": {}}
    cells = [{**cell, "input": right.decode()}, *[cell] * 6000]
    text = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_text(json.dumps(text))
