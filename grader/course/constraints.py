"""The versions that the kit is tried with, from `constraints.txt`."""

from __future__ import annotations

import re

from grader.course.layout import Layout


def pinned(layout: Layout, package: str) -> str:
    """What to install of a package: `torch==2.13.0`, or its bare name where nothing pins it."""
    path = layout.root / "constraints.txt"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(rf"^{re.escape(package)}==\S+", text, re.MULTILINE)
    return package if found is None else found[0]
