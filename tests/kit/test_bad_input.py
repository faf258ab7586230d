"""Every kind of bad input: a clear message, that exercise alone affected, nothing lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest
from miniature import SOLUTION, SUITE, Kit, result_of
from running import grader

from grader.judge.job_builder import build_job
from grader.protocol.jobs import Limits
from grader.protocol.results import Verdict

# name: (head of the file, body of `double`, verdict, what the message says)
ANSWERS = {
    "none": ("", "return None", "failed", "expected a floating-point tensor, got None"),
    "a list": ("", "return [1.0, 2.0]", "failed", "got [1.0, 2.0]"),
    "a NumPy array": ("", "return (2 * x).numpy()", "failed", "got array float64 (3, 5)"),
    "a wrong dtype": ("", "return (2 * x).float()", "failed", "The dtype is float32, not float64"),
    "whole numbers": ("", "return (2 * x).long()", "failed", "got tensor int64 (3, 5)"),
    "a wrong shape": ("", "return (2 * x).T", "failed", "What came is what was wanted with axes 0 and 1 exchanged"),
    "NaN": ("", "return x * float('nan')", "failed", "Every value is NaN"),
    "a subclass": (
        "class Mine(torch.Tensor):\n    pass",
        "return (2 * x).as_subclass(Mine)",
        "failed",
        "a tensor subclass, Mine",
    ),
    "meta": ("", "return (2 * x).to('meta')", "failed", "on meta"),
    "sparse": ("", "return (2 * x).to_sparse()", "failed", "torch.sparse_coo"),
    "a trillion elements": ("", "return x.new_zeros(1).expand(10**6, 10**6)", "failed", "1,000,000,000,000 elements"),
    "a lying object": (
        "class Liar:\n    def __eq__(self, other):\n        return True\n    shape = (3, 5)",
        "return Liar()",
        "failed",
        "got a Liar",
    ),
    "a generator": ("", "yield x", "failed", "got "),
    "itself": ("", "return double", "failed", "got "),
}

DEEDS = {
    "an endless loop": ("", "while True:\n    pass", "timeout", "No answer within 2 seconds. It was in double"),
    "sleep": ("import time", "time.sleep(3600)", "timeout", "No answer within 2 seconds"),
    "recursion": ("", "return double(x)", "failed", "called itself without end"),
    "sys.exit": ("import sys", "sys.exit(0)", "failed", "called sys.exit"),
    "SystemExit": ("", "raise SystemExit", "failed", "called sys.exit"),
    "KeyboardInterrupt": ("", "raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
    "os._exit": ("import os", "os._exit(0)", "failed", "os._exit is no way to answer"),
    "os.abort": ("import os", "os.abort()", "failed", "aborted its process"),
    "endless memory": ("", "a = []\nwhile True:\n    a.append(torch.ones(2**20))", "failed", "memory"),
    "a huge tensor": ("", "return torch.ones(10**12)", "failed", "memory"),
    "an exception": ("", "y = x + 1\nreturn y @ y", "failed", "RuntimeError"),
    "an exception that lies": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError",
        "raise Odd",
        "failed",
        "could not be read",
    ),
    "not implemented": ("", "raise NotImplementedError", "todo", "still to do"),
}

LOADS = {
    "not installed": ("import no_such_package", "This kit does not have `no_such_package`"),
    "raises": ("raise ValueError('at once')", "ValueError: at once"),
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "ends its process": ("import os; os._exit(0)", "os._exit is no way to answer"),
    "never ends": ("while True: pass", "No answer within 2 seconds"),
}


@pytest.mark.parametrize("name", [*ANSWERS, *DEEDS])
def test_bad_code_fails_its_own_test_alone(kit: Kit, name: str) -> None:
    head, body, verdict, words = {**ANSWERS, **DEEDS}[name]
    kit.write(body, head)
    result = kit.judge()
    test = result_of(result, "test_double")
    assert test.failure is not None
    assert test.verdict == verdict
    assert words in f"{test.failure.message} {test.failure.actual}"
    assert result_of(result, "test_halve").verdict is Verdict.PASSED
    assert result.points == 5


@pytest.mark.parametrize("name", list(LOADS))
def test_a_file_that_does_not_load_is_one_problem(kit: Kit, name: str) -> None:
    head, words = LOADS[name]
    kit.write("return 2 * x", head)
    result = kit.judge()
    assert result.problem is not None
    assert result.tests == ()
    assert words in result.problem.message
    assert "exercises/ch1_mini/scale.py" in result.problem.message


def test_a_missing_file(kit: Kit) -> None:
    kit.file.unlink()
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == "exercises/ch1_mini/scale.py is missing."
    assert "grader reset ch1_mini/scale" in problem.advice


def test_an_empty_file(kit: Kit) -> None:
    kit.file.write_text("\n\n")
    problem = kit.judge().problem
    assert problem is not None
    assert problem.message == "exercises/ch1_mini/scale.py is empty."


def test_a_file_that_is_not_utf8(kit: Kit) -> None:
    kit.file.write_bytes(b"import torch\nname = 'caf\xe9'\n")
    problem = kit.judge().problem
    assert problem is not None
    assert "byte 0xe9 in line 2" in problem.message


@pytest.mark.parametrize("name", ["utf_7", "latin-1", "no-such-encoding"])
def test_a_file_that_declares_another_encoding(kit: Kit, name: str) -> None:
    """In UTF-7 the comment below is code, which who reads UTF-8 would not see."""
    kit.file.write_text(f"# -*- coding: {name} -*-\n# +AAo-import os\n" + SOLUTION)
    problem = kit.judge().problem
    assert problem is not None
    assert "declares the encoding" in problem.message
    assert "coding:" in problem.advice


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_8_sig"])
def test_a_file_that_says_what_it_is(kit: Kit, name: str) -> None:
    kit.file.write_text(f"# -*- coding: {name} -*-\n" + SOLUTION)
    assert kit.judge().verdict is Verdict.PASSED


def test_a_syntax_error_names_its_line(kit: Kit) -> None:
    kit.write("return (2 * x")
    problem = kit.judge().problem
    assert problem is not None
    assert "SyntaxError in line" in problem.message
    assert problem.frames[0].text.strip() == "return (2 * x"


def test_null_bytes(kit: Kit) -> None:
    kit.file.write_bytes(b"import torch\0\n")
    problem = kit.judge().problem
    assert problem is not None
    assert "cannot be read as Python" in problem.message or "SyntaxError" in problem.message


def test_100_megabytes_of_prints_are_cut(kit: Kit) -> None:
    kit.write("for _ in range(100):\n    print('a' * 10**6)\nreturn 2 * x")
    result = kit.judge()
    test = result_of(result, "test_double")
    assert test.verdict is Verdict.PASSED
    assert len(test.output) < 20_000
    assert "bytes more" in test.output


def test_prints_appear_under_their_own_test(kit: Kit) -> None:
    kit.write("print('in double', tuple(x.shape))\nreturn 2 * x")
    result = kit.judge()
    assert result_of(result, "test_double").output == "in double (3, 5)\n"
    assert result_of(result, "test_halve").output == ""


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("torch.set_default_dtype(torch.float64)", "the default dtype"),
        ("torch.set_default_device('meta')", "the default device"),
        ("torch.set_num_threads(2)", "the number of torch threads"),
        ("torch.allclose = lambda *a, **k: True", "torch.allclose"),
        ("torch.Tensor.__eq__ = lambda *a: True", "torch.Tensor.__eq__"),
        ("import torch.testing\ntorch.testing.assert_close = None", "torch.testing.assert_close"),
        ("import builtins\nbuiltins.print = None", "builtins.print"),
        ("import numpy\nnumpy.seterr(all='raise')", "NumPy's error handling"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "threads"),
    ],
)
def test_a_change_of_global_state_gets_the_next_test_a_fresh_process(kit: Kit, body: str, what: str) -> None:
    kit.write(body + "\nreturn 2 * x")
    result = kit.judge()
    notes = result_of(result, "test_double").notes
    assert any(what in note and "fresh process" in note for note in notes)
    assert result.verdict is Verdict.PASSED


def test_the_random_state_is_not_carried_over(kit: Kit) -> None:
    kit.write("torch.manual_seed(0)\ntorch.rand(3)\nreturn 2 * x")
    assert kit.judge().verdict is Verdict.PASSED


def test_a_patched_pytest_changes_nothing(kit: Kit) -> None:
    kit.write("import pytest\npytest.main = pytest.fail = lambda *a, **k: None\nreturn x")
    assert result_of(kit.judge(), "test_double").verdict is Verdict.FAILED


def test_no_process_is_left_behind(kit: Kit, tmp_path: Path) -> None:
    marker = f"left-behind-{os.getpid()}-{time.monotonic_ns()}"
    command = f"import time; marker = {marker!r}; time.sleep(60)"
    kit.write(
        f"import subprocess, sys\n"
        f"try:\n    subprocess.Popen([sys.executable, '-c', {command!r}], start_new_session=True)\n"
        f"except OSError:\n    pass\nreturn 2 * x"
    )
    assert result_of(kit.judge(), "test_double").verdict is Verdict.PASSED
    deadline = time.monotonic() + 5
    while _running(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _running(marker)


def _running(marker: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_an_argument_that_was_changed_is_told(kit: Kit) -> None:
    kit.write("x *= 2\nreturn x")
    failure = result_of(kit.judge(), "test_double").failure
    assert failure is not None
    assert "changed its argument `x`" in failure.message


def test_the_learners_own_line_is_shown(kit: Kit) -> None:
    kit.write("y = x[0]\nreturn y @ x")
    failure = result_of(kit.judge(), "test_double").failure
    assert failure is not None
    frame = failure.frames[-1]
    assert (frame.place.file, frame.function, frame.text) == ("exercises/ch1_mini/scale.py", "double", "return y @ x")
    assert ("y", "tensor float64 (5,)") in frame.locals


def test_a_stuck_line_is_shown(kit: Kit) -> None:
    kit.write("y = x\nwhile True:\n    y = y + 1")
    failure = result_of(kit.judge(), "test_double").failure
    assert failure is not None
    assert failure.frames
    assert failure.frames[-1].function == "double"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("title = 3\n", "title", "a string"),
        ('title = "a"\n[scale]\ntitle = "b"\npoints = "ten"\n', "[scale]", "Expected `float`, got `str`"),
        ('title = "a"\n[scale]\npoints = 1\n', "[scale]", "missing required field `title`"),
        ('title = "a"\n[scale]\ntitle = "b"\npionts = 1\n', "[scale]", "unknown field `pionts`"),
        (
            'title = "a"\n[scale]\ntitle = "b"\nprerequisites = ["later"]\n',
            "[scale] prerequisites",
            "not 'ch1_mini/later'",
        ),
        ('title = "a"\n[scale]\ntitle = "b"\npoints = -1\n', "[scale] points", "above 0"),
        ('title = "a\n', "file", "valid TOML"),
    ],
)
def test_a_wrong_chapter_file_is_named_with_its_key(kit: Kit, text: str, key: str, expected: str) -> None:
    kit.layout.chapter_file("ch1_mini").write_text(text)
    done = grader(kit.layout.root, "list")
    assert done.returncode == 3
    assert "tests/graded/ch1_mini/chapter.toml" in done.stderr
    assert key in done.stderr
    assert expected in done.stderr


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ('[[mistake]]\nname = "a"\n', "[[mistake]]", "missing required field `says`"),
        ('[[mistake]]\nname = "a"\nfind = "return 2 * x"\nsays = "b"\n', "[[mistake]]", "`find` and `replace`"),
        ('[[mistake]]\nname = "a"\nfind = "return 2 * x"\nreplace = "x"\nsays = " "\n', "a: says", "the sentence that"),
        ('[[mistake]]\nname = "a"\nfind = "nowhere"\nreplace = ""\nsays = "b"\n', "a: find", "0 times"),
        ('[[mistake]]\nname = "a"\nfind = "return 2 * x"\nreplace = "return ("\nsays = "b"\n', "a: replace", "Python"),
        ('[[mistake]]\nname = "a"\nfind = "return 2 * x"\nreplace = "return 2 * x"\nsays = "b"\n', "replace", "other"),
    ],
)
def test_a_wrong_mistakes_file_is_named_with_its_key(kit: Kit, text: str, key: str, expected: str) -> None:
    kit.layout.mistakes_file(kit.name).write_text(text)
    done = grader(kit.layout.root, "check", "scale")
    assert done.returncode == 3
    assert "tests/graded/mistakes/ch1_mini/scale.toml" in done.stderr
    assert key in done.stderr
    assert expected in done.stderr


def test_what_a_hidden_test_shows_cannot_be_told_in_a_public_one(kit: Kit) -> None:
    """The learner's code notes all that it sees, and tells it wherever it is asked."""
    kit.layout.suite_file(kit.name).write_text(
        "import pytest\n\n\n" + SUITE.replace("def test_halve", "@pytest.mark.hidden\ndef test_halve")
    )
    kit.file.write_text(
        "SEEN = []\n\n\n"
        "def double(x):\n    SEEN.append(tuple(x.shape))\n    print(SEEN)\n    raise ValueError(SEEN)\n\n\n"
        "def halve(x):\n    SEEN.append('hidden')\n    return x / 2\n"
    )
    for seed in range(8):
        public = result_of(kit.judge(seed), "test_double")
        assert "(3, 5)" in repr(public)
        assert "hidden'" not in repr(public), seed


def test_a_test_that_an_answer_keeps_busy_is_ended(kit: Kit) -> None:
    """The suite goes through what came, and what came has no end to speak of."""
    busy = '''

def test_length(student, expect):
    """The length can be counted."""
    expect.equal(sum(1 for _ in range(student.length())), 3)
'''
    kit.layout.suite_file(kit.name).write_text(SUITE + busy)
    length = "\n\ndef length():\n    return 10**15\n"
    kit.define(length)
    kit.file.write_text(SOLUTION + length)
    job = build_job(kit.layout, kit.curriculum.get(kit.name), seed=1)
    result = kit.judge_job(msgspec.structs.replace(job, limits=Limits(seconds=0.2, slack_seconds=0.5, own_seconds=0.5)))
    verdicts = {test.name: str(test.verdict) for test in result.tests}
    assert verdicts == {"test_double": "passed", "test_halve": "passed", "test_length": "timeout"}
    failure = result_of(result, "test_length").failure
    assert failure is not None
    assert "does not come to an end over what your code returned" in failure.message
    assert failure.actual == "1000000000000000"


@pytest.mark.parametrize(
    ("line", "words"),
    [("import nosuch\n", "No module named 'nosuch'"), ("def (\n", "SyntaxError"), ("1 / 0\n", "ZeroDivisionError")],
)
def test_a_suite_that_cannot_be_collected_says_why(kit: Kit, line: str, words: str) -> None:
    kit.layout.suite_file(kit.name).write_text(SUITE + line)
    kit.write("return 2 * x")
    result = kit.judge()
    assert result.verdict is Verdict.ERROR
    assert result.problem is not None
    assert words in result.problem.message and "could not be run" in result.problem.message
