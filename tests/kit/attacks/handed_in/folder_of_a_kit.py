# verdict: passed
"""All of a kit, with suites and solutions of its own that say that everything is right."""


def hand_in(people, student, right, secret):
    for name in ("exercises/ch1_mini/scale.py", "solutions/ch1_mini/scale.py"):
        (people / student / name).parent.mkdir(parents=True)
        (people / student / name).write_bytes(right)
    for name in ("grader/__main__.py", "tests/graded/ch1_mini/scale.py", "sitecustomize.py", "exercises/conftest.py"):
        (people / student / name).parent.mkdir(parents=True, exist_ok=True)
        (people / student / name).write_text(f"open({str(secret.parent / 'ESCAPED')!r}, 'w')\n")
