# verdict: passed
# student: hw_x_attempt_2027-99-99-99-99-99_scale
"""A name as Blackboard gives it, with a time that is on no calendar."""


def hand_in(people, student, right, secret):
    folder = people / "hw_x_attempt_2027-99-99-99-99-99_scale"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
