# verdict: passed
# student: kim\U000e0031\U000e0030\U000e002f\U000e0031\U000e0030
"""A name with a message in it that only programs read."""


def hand_in(people, student, right, secret):
    folder = people / ("kim" + "".join(chr(0xE0000 + ord(c)) for c in "10/10"))
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
