# verdict: failed
"""UTF-16, as some editors save."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right.decode().encode("utf-16"))
