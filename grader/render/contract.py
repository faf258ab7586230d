"""The two-way contract as Markdown, to be read as it stands or turned into a page."""

from __future__ import annotations

from itertools import groupby

from grader.author.contract import ContractView, PromiseView
from grader.course.promises import Part

PARTS = {Part.IDEA: "the idea", Part.DETAIL: "a detail", Part.EDGE: "an edge case"}


def contract_text(view: ContractView) -> str:
    """A heading for the exercise and one for each name of its stub; below, its promises."""
    parts = [f"# {view.exercise}: {view.title}"]
    for of, promises in groupby(view.promises, key=lambda promise: promise.of):
        parts.append(f"## {of if of == 'brief' else f'`{of}`'}")
        parts += [_promise(promise) for promise in promises]
    return "\n\n".join(parts)


def _promise(promise: PromiseView) -> str:
    lines = [f"**{promise.says}** ({PARTS[promise.part]})", ""]
    lines += [f"- checked{' on other inputs' * test.hidden}: {test.sentence} (`{test.name}`)" for test in promise.tests]
    lines += [f"- broken where: {says}" for says in promise.broken_by]
    return "\n".join(lines)
