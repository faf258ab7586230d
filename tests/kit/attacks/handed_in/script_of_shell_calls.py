# verdict: passed
# says: was set aside
# costs: time
"""A script with twenty thousand calls of the shell, each of which is looked up in the whole text."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\nget_ipython().system('ls')" * 20_000)
