"""Adding an exercise works as CONTRIBUTING.md tells it, and the laws notice what is amiss."""

from __future__ import annotations

from miniature import MISTAKES, Kit
from running import grader


def test_a_new_exercise_needs_nothing_else(kit: Kit) -> None:
    root = kit.layout.root
    done = grader(root, "dev", "new", "ch2_more/doubling", "--title", "Doubling")
    assert done.returncode == 0, done.stderr
    assert grader(root, "dev", "sync").stdout == "wrote exercises/ch2_more/doubling.py\n"
    proof = grader(root, "dev", "check", "doubling", "--seeds", "2")
    assert "ch2_more/doubling 1 1 1 0" in " ".join(proof.stdout.split())
    assert "✗ ch2_more/doubling: 1 known mistakes; at least 6 are wanted" in proof.stdout
    path = kit.layout.mistakes_file("ch2_more/doubling")
    more = [("tripled", "3 * x"), ("halved", "x / 2"), ("negated", "-2 * x"), ("shifted", "2 + x"), ("kept", "x")]
    for name, code in more:
        edit = f'find = "return 2 * x"\nreplace = "return {code}"\nsays = "It is {name}."\n'
        path.write_text(path.read_text() + f'\n[[mistake]]\nname = "{name}"\n{edit}')
    proof = grader(root, "dev", "check", "doubling", "--seeds", "2")
    assert proof.returncode == 0, proof.stdout
    assert "Every law holds" in proof.stdout
    assert "(100 % named)" in proof.stdout


def test_new_does_not_overwrite(kit: Kit) -> None:
    done = grader(kit.layout.root, "dev", "new", "ch1_mini/scale")
    assert done.returncode == 2
    assert "is there already" in done.stderr


def test_a_mistake_that_survives_is_told(kit: Kit) -> None:
    text = MISTAKES + '\n[[mistake]]\nname = "same"\nfind = "return 2 * x"\nreplace = "return x + x"\nsays = "It is."\n'
    kit.layout.mistakes_file(kit.name).write_text(text)
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert done.returncode == 1
    assert "✗ ch1_mini/scale: the mistake same is passed, not failed" in done.stdout


def test_a_stub_that_was_edited_is_told(kit: Kit) -> None:
    kit.write("return 2 * x")
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert "exercises/ch1_mini/scale.py is not what its solution gives; `grader dev sync` writes it anew" in done.stdout
    assert "the stub is failed with" in done.stdout or "the stub is" in done.stdout


def test_a_solution_that_fails_is_told(kit: Kit) -> None:
    path = kit.layout.solution_file(kit.name)
    path.write_text(path.read_text().replace("x / 2", "x / 3"))
    kit.layout.mistakes_file(kit.name).write_text(MISTAKES.replace("x / 2", "x / 3"))
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "2")
    assert done.stdout.count("the solution, seed") == 2
    assert "test_halve: The values are wrong." in done.stdout


def test_orphans_and_bare_asserts_are_told(kit: Kit) -> None:
    (kit.layout.solutions / "ch1_mini" / "stray.py").write_text("x = 1\n")
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(suite.read_text() + "\n\ndef test_more(student):\n    assert student\n")
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert "solutions/ch1_mini/stray.py: it belongs to no exercise" in done.stdout
    assert "a bare assert says nothing to a learner" in done.stdout
    assert "test_more has no docstring" in done.stdout


def test_sync_names_a_solution_that_is_missing(kit: Kit) -> None:
    kit.layout.solution_file(kit.name).unlink()
    done = grader(kit.layout.root, "dev", "sync")
    assert done.returncode == 3
    assert "solutions/ch1_mini/scale.py is missing" in done.stderr
    assert "Traceback" not in done.stderr
