# verdict: passed
"""Files that Python, pytest or torch would pick up by their names."""


def hand_in(people, student, right, secret):
    folder = people / student
    (folder / "ch1_mini").mkdir(parents=True)
    (folder / "ch1_mini" / "scale.py").write_bytes(right)
    text = f"open({str(secret.parent / 'escaped')!r}, 'w').close()\nraise SystemExit('ESCAPED')\n"
    for name in ("conftest", "sitecustomize", "usercustomize", "torch", "jaxtyping", "numpy", "typing", "pytest"):
        for place in (folder, folder / "ch1_mini"):
            (place / f"{name}.py").write_text(text)
    (folder / "ch1_mini" / "__init__.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (folder / "evil.pth").write_text("import os; os._exit(0)\n")
