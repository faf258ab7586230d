# verdict: failed
# says: does this exercise's own work
"""Every line ends as on a Macintosh of 1984, and one of them uses what is banned."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    text = right.replace(b"return 2 * x", b"return torch.mul(x, 2)")
    (people / student / "scale.py").write_bytes(text.replace(b"\n", b"\r"))
