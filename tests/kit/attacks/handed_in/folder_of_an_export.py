# verdict: passed
"""One student's folder that is a whole export, of every system at once."""

NAMES = ("ada_123_4567_scale.py", "zoeh_LATE_124_4568_scale-1.py", "Ada_12_assignsubmission_file_/scale.py",
         "submission_7/scale.py", "hw_ada_attempt_2027-02-27-23-01-11_scale.py", "Ada - scale.py")


def hand_in(people, student, right, secret):
    for name in NAMES:
        (people / student / name).parent.mkdir(parents=True, exist_ok=True)
        (people / student / name).write_bytes(right)
    (people / student / "hw_ada_attempt_2027-02-27-23-01-11.txt").write_bytes(b"Name: " + b"(" * 90_000)
