"""A picture as a PNG or an SVG. An SVG can stand in a page beside others, and says in words what it shows."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any

import matplotlib

from grader.learner.pictures.making import Pair
from grader.render.figures.sheet import draw
from grader.render.figures.sizes import WIDE
from grader.render.figures.text import FAMILY

MENTION = re.compile(r'\bid="|(?<=url\()#|(?<=href=")#')


def png_bytes(pair: Pair, width: int = WIDE) -> bytes:
    """A PNG of exactly this many pixels across."""
    return _saved(pair, width, "png")


def svg_text(pair: Pair, width: int = WIDE) -> str:
    """The element `<svg>` alone. Its ids begin with the picture's name: several may stand in one page."""
    text = _saved(pair, width, "svg").decode()
    text = text[text.index("<svg") :]
    text = MENTION.sub(lambda found: f"{found[0]}{pair.own.name}-{width}-", text)
    words = escape(f"{pair.own.title}. {pair.own.question} {pair.own.sentence}", quote=True)
    return text.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)


def _saved(pair: Pair, width: int, kind: str) -> bytes:
    settings: Any = {
        "font.family": FAMILY, "svg.hashsalt": "transformer-kit", "svg.fonttype": "path", "hatch.linewidth": 1.0,
        "axes.formatter.useoffset": False,
    }  # fmt: skip
    saved = io.BytesIO()
    with matplotlib.rc_context(settings):
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        draw(pair, width).savefig(saved, format=kind, metadata=metadata)
    return saved.getvalue()
