"""What a suite holds of an object that stays on the other side, as far as a comparison needs to know."""

from __future__ import annotations


class Opaque:
    """The base of handles: two of the same kind look alike, whatever they stand for."""

    _kind: str
