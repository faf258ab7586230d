# verdict: passed
# student: \x1b[2J_script_mallory
"""A student's name with an escape sequence and markup."""


def hand_in(people, student, right, secret):
    folder = people / "\x1b[2J<script>mallory"
    folder.mkdir()
    (folder / "scale.py").write_bytes(right)
