# verdict: passed
# student: zoe_h. (2)
"""A name that Windows cuts, so that its page would be another student's."""


def hand_in(people, student, right, secret):
    folder = people / "zoe_h."
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
