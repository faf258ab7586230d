# verdict: passed
"""Two thousand copies of the work, each of which may be the one that counts, and as many of copies of copies."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    for number in range(2000):
        (people / student / f"scale ({number}).py").write_bytes(right)
    for number in range(40):
        name = "Copy of " * 12 + "scale" + " - Copy" * 12 + "_final" * 8 + f" ({number}).py"
        (people / student / name).write_bytes(right)
    (people / student / f"scale ({'9' * 200}).py").write_bytes(b"raise SystemExit")
