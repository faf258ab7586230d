"""The words of `grader play`: how fast it wrote, what was likeliest at each token, which keys there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from grader.course.visible import visible
from grader.learner.playing import Likely, Pace

KEYS = "Enter: continue   l: the three likeliest at each token   p: another prompt   q: quit"


def shown_piece(text: str) -> str:
    """A piece of what a model writes as it may go to a terminal: its lines stay."""
    return visible(text)


def opening_text(name: str, why_no_cache: str) -> str:
    """Which model writes, and whether it has its cache."""
    cache = f"\n(without a KV cache: {why_no_cache})" if why_no_cache else ""
    return f"{name} continues your text. Ctrl-C stops it.{cache}"


def pace_text(pace: Pace | None, why_no_cache: str) -> str:
    """Tokens per second with the cache and without."""
    if pace is None:
        return "The prompt fills the model's context, so the speed was not measured."
    tokens = f"over {pace.tokens} token{'' if pace.tokens == 1 else 's'}"
    if pace.cached is None:
        return f"{pace.plain:,.0f} tokens per second without a cache, {tokens} ({why_no_cache})"
    return f"{pace.cached:,.0f} tokens per second with the KV cache, {pace.plain:,.0f} without, {tokens}"


def likely_lines(tokens: Iterable[Likely]) -> Iterator[str]:
    """For each token a line: itself, then the likeliest ones at its place."""
    yield "written        likeliest before temperature and filters"
    for token in tokens:
        best = "   ".join(f"{_quoted(text)} {100 * share:.0f} %" for text, share in token.likeliest)
        yield f"{_quoted(token.token):<14} {best}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
