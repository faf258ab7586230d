# verdict: failed
"""Two megabytes of imports that are never closed, for whoever looks for imports without parsing."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    line = b"from ch1_mini.scale import (\n"
    (people / student / "scale.py").write_bytes((line * 80_000)[: 2 * 2**20])
