# verdict: passed
"""Two hundred folders, each with the name of a student of this class or of another, and with work in it."""


def hand_in(people, student, right, secret):
    for name in ("ada", "zoe_h", *(f"student_{number}" for number in range(198))):
        (people / student / name).mkdir(parents=True)
        (people / student / name / "scale.py").write_bytes(right)
