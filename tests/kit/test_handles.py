"""Objects that stay with the learner's code: a handle that is given back takes no other one along."""

from __future__ import annotations

from miniature import SUITE, Kit

from grader.protocol.results import Verdict

TWO_HANDLES = '''

def test_two_names_for_one_function(student, draw, expect):
    """The same function, looked up twice, can still be called when one of the two is gone."""
    first, second = student.double, student.double
    del first
    x = draw.normal(2)
    for _ in range(2):
        expect.close(second(x), x + x)


def test_one_argument_seen_twice(student, expect):
    """An object of the learner's that is passed back and forth is not called changed."""
    counter = student.Counter()
    for _ in range(3):
        expect.equal(student.look(counter, [counter]), 0)
'''
CLASSES = "class Counter:\n    pass\n\n\ndef look(counter, others):\n    return 0\n"


def test_handles_to_the_same_object_are_independent(kit: Kit) -> None:
    kit.layout.suite_file(kit.name).write_text(SUITE + TWO_HANDLES, encoding="utf-8")
    kit.define(CLASSES)
    kit.write("return 2 * x", head=CLASSES)
    result = kit.judge()
    told = [(test.name, test.failure and test.failure.message) for test in result.tests if test.failure]
    assert result.verdict is Verdict.PASSED, told


NAMED_CALLBACK = '''

def test_an_object_named_callback(student, expect):
    """An object that is returned under the name `callback` can be used as often as any other."""
    found = student.named()
    for _ in range(3):
        expect.equal(student.look(found["callback"], []), 0)
'''


def test_an_object_named_callback_is_kept(kit: Kit) -> None:
    """It was freed as soon as it came, and right code was told that its process had ended."""
    kit.layout.suite_file(kit.name).write_text(SUITE + NAMED_CALLBACK, encoding="utf-8")
    names = CLASSES + "\n\ndef named():\n    return {'callback': Counter()}\n"
    kit.define(names)
    kit.write("return 2 * x", head=names)
    result = kit.judge()
    told = [(test.name, test.failure and test.failure.message) for test in result.tests if test.failure]
    assert result.verdict is Verdict.PASSED, told
