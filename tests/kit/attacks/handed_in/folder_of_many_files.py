# verdict: refused
# says: more than 20000 files
# costs: time
"""One file more than is looked at, and the work behind them."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    for number in range(20_000):
        (people / student / f"{number}.c").touch()
    (people / student / "scale.py").write_bytes(right)
