"""Fixtures of the kit's own tests; what they give is in `miniature`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from miniature import Kit

from grader.judge.client import Judge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """A judge that is started once for all tests of a process."""
    with Judge(("torch",)) as judge:
        yield judge


@pytest.fixture
def kit(tmp_path: Path, judge: Judge) -> Kit:
    """A kit of one exercise in a folder of its own."""
    return Kit(tmp_path, judge)
