"""What every page shares: its templates' rules, numbers and prose. All text is made visible and escaped."""

from __future__ import annotations

import re

import jinja2
from markupsafe import Markup, escape

from grader.course.visible import visible


def page_environment(*folders: str) -> jinja2.Environment:
    """Templates of this folder, and of further ones of `grader.render`, each compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("grader.render", folder) for folder in ("pages", *folders)]),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda number: f"{round(number, 2):g}"
    environment.filters["prose"] = prose
    return environment


def prose(text: str) -> Markup:
    """A sentence, escaped, with what stands in backticks set as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(visible(text)))))


def _shown(value: object) -> object:
    """What a template puts into its page, made visible. `Markup` is ours, and was made of what is visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
