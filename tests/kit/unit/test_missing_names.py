"""A name that the stub defines and the file does not: one that is much alike is offered."""

from __future__ import annotations

import pytest

from grader.tester.source_index import SourceIndex


@pytest.mark.parametrize("alike", ["sotfmax", "Softmax", "soft_max", "softmaxx"])
def test_a_name_that_is_alike_is_offered_with_its_place(alike: str) -> None:
    found = SourceIndex("/x/softmax.py", "softmax.py", {alike: 4, f"{alike}.forward": 5}).missing("softmax")
    assert found.message == f"`softmax` is not defined in softmax.py, but `{alike}` is: rename it to `softmax`."
    assert found.place is not None and found.place.line == 4


@pytest.mark.parametrize("lines", [{}, {"attention": 3}, {"Layer.softmax": 3}])
def test_nothing_is_offered_where_nothing_is_alike(lines: dict[str, int]) -> None:
    assert "was it renamed or removed?" in SourceIndex("/x/softmax.py", "softmax.py", lines).missing("softmax").message
