# verdict: passed
# says: was set aside
# costs: time
"""The same on one line, which is written anew for each."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right + b"\n" + b"get_ipython().a();" * 20_000 + b"\n")
