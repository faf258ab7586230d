"""An SVG as the address of an image: as short as it can be, with ids and styles that reach nothing else of a page."""

from __future__ import annotations

import re
from itertools import count

from markupsafe import Markup

UNREAD = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
PATH = re.compile(r'(?<= d=")[^"]*')
PLACE = re.compile(r'(?<= [xy]=")[^"]*')
COMMAND = re.compile(r"\s*([A-DF-Za-df-z])\s*")  # `e` is of a number
NUMBER = re.compile(r"-?\d+\.\d+")
LETTER = re.compile(r'<use xlink:href="([^"]+)" transform="translate\(([-.\d]+) 0\)"/>')
SPACE = re.compile(r"\s+")
ID = re.compile(r' id="([^"]*)"')
MENTION = re.compile(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+')


def svg_address(svg: str) -> Markup:
    """For an attribute in double quotes: there are none left in it."""
    short = LETTER.sub(r'<use xlink:href="\1" x="\2"/>', _short_ids(UNREAD.sub("", svg)))
    short = PATH.sub(lambda found: COMMAND.sub(r"\1", _rounded(found)), PLACE.sub(_rounded, short))
    short = SPACE.sub(" ", short).replace("> <", "><").replace('"', "'")
    address = short.replace("%", "%25").replace("#", "%23").replace("&", "&amp;")
    return Markup(f"data:image/svg+xml;charset=utf-8,{address}")


def _short_ids(svg: str) -> str:
    """Only what is mentioned has a name, and a short one: alone in its image it needs no longer one."""
    numbers = count()
    names = {name: f"i{next(numbers)}" for name in dict.fromkeys(MENTION.findall(svg))}
    svg = ID.sub(lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", svg)
    return MENTION.sub(lambda found: names[found[0]], svg)


def _rounded(found: re.Match[str]) -> str:
    """To hundredths of a point, which is more than an eye sees."""
    return NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), found[0])
