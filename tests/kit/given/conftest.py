"""Code that the stubs give is imported from the tree that KIT_SOLUTIONS names, or as it is in the solutions.

`grader dev mutate` runs `<chapter>/test_<exercise>.py` on each mutant of given code that the suite lets pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.figure
import pytest

PNG = b"\x89PNG\r\n\x1a\n"

sys.path.insert(0, os.environ.get("KIT_SOLUTIONS") or str(Path(__file__).resolve().parents[3] / "solutions"))


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., matplotlib.figure.Figure]:
    """Calls a function that draws a picture, `plot(…, path)`, and gives the figure back. A PNG must have come of it."""
    made: list[matplotlib.figure.Figure] = []

    class KeptFigure(matplotlib.figure.Figure):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            made.append(self)

    monkeypatch.setattr(matplotlib.figure, "Figure", KeptFigure)

    def draw(plot: Callable[..., None], *arguments: Any) -> matplotlib.figure.Figure:
        path = tmp_path / "a picture"  # the kind is not told by its name
        plot(*arguments, path)
        assert path.read_bytes().startswith(PNG)
        (figure,) = made
        return figure

    return draw
