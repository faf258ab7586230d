# verdict: passed
"""A script of jupytext with fifty thousand cells, and a head as long as its work."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    head = b"# ---\n# jupyter:\n" + b"#   jupytext:\n" * 50_000 + b"# ---\n"
    (people / student / "scale.py").write_bytes(head + b"# %%\n" * 50_000 + b"# %%\n" + right)
