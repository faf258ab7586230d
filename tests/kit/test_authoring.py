"""Adding an exercise works as CONTRIBUTING.md tells it, and the laws notice what is amiss."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import MISTAKES, PROMISES, Kit
from running import PACKAGE, grader

from grader.author import architecture, laws
from grader.course.layout import Layout
from grader.errors import GraderError


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
    assert "✗ ch1_mini/scale: the mistake same is passed in public tests, not failed" in done.stdout


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
    assert "test_halve: Every value is 0.6667 times what was wanted" in done.stdout


def test_orphans_and_bare_asserts_are_told(kit: Kit) -> None:
    (kit.layout.solutions / "ch1_mini" / "stray.py").write_text("x = 1\n")
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(suite.read_text() + "\n\ndef test_more(student):\n    assert student\n")
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "1")
    assert "solutions/ch1_mini/stray.py: it belongs to no exercise" in done.stdout
    assert "a bare assert says nothing to a learner" in done.stdout
    assert "test_more has no docstring" in done.stdout


def with_another_test(kit: Kit, parameters: str) -> None:
    suite = kit.layout.suite_file(kit.name)
    more = f'@pytest.mark.parametrize("n", {parameters})\ndef test_more(student, n):\n    """More."""\n'
    suite.write_text(f"import pytest\n\nsecret = pytest.mark.hidden\n\n{suite.read_text()}\n\n{more}")


def test_what_is_hidden_under_another_name_is_told(kit: Kit) -> None:
    with_another_test(kit, "[1, pytest.param(2, marks=secret)]")
    assert "not all that is hidden can be cut out; write `pytest.mark.hidden`" in told(kit)


def test_a_suite_whose_hidden_tests_cannot_be_cut_out_is_named(kit: Kit) -> None:
    with_another_test(kit, "[pytest.param(n, marks=pytest.mark.hidden) for n in (1, 2)]")
    done = grader(kit.layout.root, "dev", "check", "scale")
    assert done.returncode == 3
    assert "test_scale.py cannot be cut out: what is left is no Python" in done.stderr


def told(kit: Kit) -> str:
    done = grader(kit.layout.root, "dev", "check", "scale", "--seeds", "1", "--seed", "1")
    assert done.returncode == 1
    return done.stdout


def test_the_shares_are_printed(kit: Kit) -> None:
    assert "ch1_mini/scale 2 2 2 0 100% 0%" in " ".join(told(kit).split())
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(suite.read_text().replace("def test_halve", "@pytest.mark.points(3)\ndef test_halve"))
    suite.write_text("import pytest\n" + suite.read_text())
    table = kit.layout.promises_file(kit.name)
    head, tail = PROMISES.split('[[promise]]\nof = "halve"')
    table.write_text(head + '[[promise]]\nof = "halve"' + tail.replace('"idea"', '"edge"'))
    text = told(kit)
    assert "25% 75%" in " ".join(text.split())
    for where in ("in all tests", "in public tests"):
        assert f"{where} the idea carries 25% of the points; at least 60% are wanted" in text
        assert f"{where} the edge carries 75% of the points; at most 25% are wanted" in text


def test_a_mistake_that_only_hidden_tests_fail_is_told(kit: Kit) -> None:
    suite = kit.layout.suite_file(kit.name)
    suite.write_text(
        "import pytest\n" + suite.read_text().replace("def test_halve", "@pytest.mark.hidden\ndef test_halve")
    )
    text = told(kit)
    assert "the mistake subtracted is passed in public tests, not failed" in text
    assert "`halve`: “Half of each element.” has no public test" in text
    assert "the mistake subtracted fails no public test of the promise “Half of each element.”" in text


def at_rest(kit: Kit) -> str:
    """What the laws say that need no run."""
    return "\n".join(laws.violations(kit.layout, kit.curriculum, list(kit.curriculum.exercises)))


CHANGES = {
    "a test that nothing says": ('tests = ["test_halve"]', 'tests = ["test_double"]', "test_halve checks no promise"),
    "a test that is not there": ('"test_halve"', '"test_halve", "test_x"', "there is no test test_x"),
    "words that are not covered": (
        "Half of each element.",
        "Half of",
        "`halve` says what is neither a promise nor prose: “each element.”",
    ),
    "words that are not said": ("Half of each", "A half of each", "`halve` does not say: “A half of each element.”"),
    "no mistake": ('broken_by = ["squared"]', "broken_by = []", "“Twice each element.” is broken by no listed mistake"),
    "a mistake that is not listed": ('["squared"]', '["cubed"]', "there is no mistake cubed"),
    "an unknown part": ('part = "idea"', 'part = "heart"', "Invalid enum value 'heart'"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_table_of_promises_that_does_not_fit_is_told(kit: Kit, name: str) -> None:
    old, new, message = CHANGES[name]
    assert old in PROMISES
    kit.layout.promises_file(kit.name).write_text(PROMISES.replace(old, new, 1))
    assert message in at_rest(kit)


def test_a_mistake_that_breaks_another_promise_is_told(kit: Kit) -> None:
    kit.layout.promises_file(kit.name).write_text(PROMISES.replace('["squared"]', '["subtracted"]'))
    assert "the mistake subtracted fails no public test of the promise “Twice each element.”" in told(kit)


def test_a_mistake_that_ends_in_a_name_error_is_told(kit: Kit) -> None:
    path = kit.layout.mistakes_file(kit.name)
    path.write_text(path.read_text().replace("return x**2", "return np.square(x)"))
    told_of_it = "the mistake squared uses `np`, which nobody defines: it ends in a NameError"
    assert told_of_it in at_rest(kit)
    path.write_text(path.read_text().replace("return np.square(x)", "return torch.square(x)"))
    assert "nobody defines" not in at_rest(kit)


def test_an_exercise_without_a_table_is_told(kit: Kit) -> None:
    kit.layout.promises_file(kit.name).unlink()
    assert "tests/graded/promises/ch1_mini/scale.toml is missing" in at_rest(kit)


def test_prose_and_examples_promise_nothing(kit: Kit) -> None:
    path = kit.layout.solution_file(kit.name)
    longer = '"""Half of each element.\n\n    Think of two.\n\n    >>> halve(4)\n    2\n    """'
    path.write_text(path.read_text().replace('"""Half of each element."""', longer))
    table = kit.layout.promises_file(kit.name)
    assert "neither a promise nor prose: “Think of two.”" in at_rest(kit)
    table.write_text(PROMISES + '\n[[prose]]\nof = "halve"\nsays = "Think of two."\n')
    assert "promise nor prose" not in at_rest(kit)


def test_the_contract_is_printed(kit: Kit) -> None:
    done = grader(kit.layout.root, "dev", "contract", "scale")
    assert done.stdout == (
        "# ch1_mini/scale: Double and halve\n\n## `double`\n\n**Twice each element.** (the idea)\n\n"
        "- checked: Every element comes back twice as large. (`test_double`)\n"
        "- broken where: The elements are squared; each is to be doubled.\n\n"
        "## `halve`\n\n**Half of each element.** (the idea)\n\n"
        "- checked: Every element comes back half as large. (`test_halve`)\n"
        "- broken where: Two is subtracted; each element is to be halved.\n"
    )


def test_sync_names_a_solution_that_is_missing(kit: Kit) -> None:
    kit.layout.solution_file(kit.name).unlink()
    done = grader(kit.layout.root, "dev", "sync")
    assert done.returncode == 3
    assert "solutions/ch1_mini/scale.py is missing" in done.stderr
    assert "Traceback" not in done.stderr


# -- the list of modules ------------------------------------------------------------------------------


PAGE = f"before\n{architecture.BEGIN}stale\n{architecture.END}after\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "room").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A package."""\n')
    (folder / "room" / "__init__.py").write_text('"""A room.\n\nAnd more of it.\n"""\n')
    (folder / "room" / "door.py").write_text('"""Open | shut."""\n')
    return folder


def test_the_list_of_modules_comes_from_their_docstrings(package: Path) -> None:
    text = architecture.with_modules(PAGE, package, architecture.all_modules(package))
    assert text == (
        f"before\n{architecture.BEGIN}\n### pack\n\nA package.\n\n### pack/room\n\nA room.\n\n"
        f"| module | its one concern |\n|---|---|\n| `door` | Open \\| shut. |\n\n{architecture.END}after\n"
    )
    assert architecture.with_modules(text, package, architecture.all_modules(package)) == text


def test_a_module_without_a_docstring_is_told(package: Path) -> None:
    (package / "room" / "door.py").write_text("x = 1\n")
    with pytest.raises(GraderError, match=r"door\.py has no docstring"):
        architecture.with_modules(PAGE, package, architecture.all_modules(package))


def test_a_page_without_the_marks_is_told(package: Path) -> None:
    with pytest.raises(GraderError, match="no marks"):
        architecture.with_modules("words alone\n", package, [])


def test_the_committed_list_is_what_the_docstrings_give() -> None:
    layout = Layout(PACKAGE)
    assert architecture.is_own_repository(layout)
    assert architecture.architecture_file(layout).read_text(encoding="utf-8") == architecture.derived_architecture(
        layout
    )


def test_a_list_that_is_stale_is_told(kit: Kit, monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    assert laws.violations(kit.layout, kit.curriculum, []) == []  # a kit elsewhere has none
    package.rename(kit.layout.root / "grader")
    monkeypatch.setattr(architecture, "PACKAGE", kit.layout.root / "grader")
    page = architecture.architecture_file(kit.layout)
    page.parent.mkdir()
    page.write_text(PAGE)
    told = "docs/architecture.md is not what the modules' docstrings give; `grader dev sync` writes it anew"
    assert laws.violations(kit.layout, kit.curriculum, []) == [told]
    assert laws.sync(kit.layout, kit.curriculum) == [page]
    assert laws.violations(kit.layout, kit.curriculum, []) == []
