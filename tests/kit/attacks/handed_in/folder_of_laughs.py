# verdict: passed
"""A list of submissions as Gradescope writes it, of which each line stands for nine of the one before."""


def hand_in(people, student, right, secret):
    lines = ["a0: &a0 lol", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    (people / student).mkdir()
    (people / student / "submission_metadata.yml").write_text("\n".join(lines))
    (people / student / "scale.py").write_bytes(right)
