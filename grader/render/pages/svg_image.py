"""An SVG as the address of an image: as short as it can be, with ids and styles that reach nothing else of a page."""

from __future__ import annotations

import re

from markupsafe import Markup

UNREAD = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
COORDINATES = re.compile(r' (?:d|x|y|points)="[^"]*"')
FINE = re.compile(r"(\.\d\d)\d+")  # hundredths of a point are more than an eye sees
SPACE = re.compile(r"\s+")


def svg_address(svg: str) -> Markup:
    """For an attribute in double quotes: there are none left in it."""
    short = COORDINATES.sub(lambda found: FINE.sub(r"\1", found[0]), UNREAD.sub("", svg))
    short = SPACE.sub(" ", short).replace("> <", "><").replace('"', "'")
    address = short.replace("%", "%25").replace("#", "%23").replace("&", "&amp;")
    return Markup(f"data:image/svg+xml;charset=utf-8,{address}")
