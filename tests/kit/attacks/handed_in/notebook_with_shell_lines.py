# verdict: passed
"""Magics and shell lines around right code: they are set aside, the code counts."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    touch = f"!touch {secret.parent / 'escaped'}"
    cells = [touch, f"%%bash\ntouch {secret.parent / 'escaped'}", f"%run {secret}\n{touch}", right.decode(), "double??"]
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(*cells))
