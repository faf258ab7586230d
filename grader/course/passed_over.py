"""What lies beside work and is nobody's: caches, environments, a repository's own store, what systems leave."""

from __future__ import annotations

from collections.abc import Collection

FOLDERS = frozenset(
    {
        "__pycache__", "__macosx", "node_modules", "site-packages", "venv", "virtualenv", "$recycle.bin",
        "system volume information", "lost.dir", "found.000", "lost+found",
    }
)  # fmt: skip
FILES = frozenset({"desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r"})
ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})


def is_passed_over(name: str) -> bool:
    """Whether a folder or a file of this name is nobody's work."""
    return name.startswith(".") or name.lower() in FOLDERS or name.lower() in FILES


def is_an_environment(names: Collection[str]) -> bool:
    """Whether a folder that holds these is a Python environment, whatever it is called."""
    return not ENVIRONMENT_MARKS.isdisjoint(names)
