# verdict: passed
# student: ''=1+1
"""A formula behind an apostrophe of its own: to take one off for the other makes it one."""


def hand_in(people, student, right, secret):
    folder = people / "'=1+1"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
