"""The solution changed in one place, and what is said of the change: where it is and of which kind, never the code."""

from __future__ import annotations

import functools

import pytest

from grader.course.hypotheses import LEAD, PREFIX, edit_of, hypotheses
from grader.course.mutation import mutants_of

SOURCE = '''"""# Mix"""

import torch


class Mixer:
    """It mixes."""

    def mix(self, x, y, mask=None):
        """Rows mixed."""
        # TODO: mix.
        if x.ndim < 2:
            raise ValueError("too few axes")
        scores = (x @ y.T) / x.shape[-1] ** 0.5
        if mask is not None and mask.any():
            scores = scores.masked_fill(mask, 7.0)
        with torch.no_grad():
            rows = [scores[i : i + 2].sum(dim=-1, keepdim=True) for i in range(len(x))]
        rows.append(x)
        return torch.softmax(torch.cat(rows), dim=-1)
'''
WHERE = f"{LEAD} in `Mixer.mix`: "


@functools.cache
def said() -> dict[str, str]:
    """Each changed line with the sentence; of several that read alike, the first one's."""
    found: dict[str, str] = {}
    for mutant in hypotheses(SOURCE):
        edit = edit_of(SOURCE, mutant.mistake.name)
        assert edit is not None
        found.setdefault(edit[1].strip(), mutant.mistake.says)
    return found


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("scores = (x @ y.T) * x.shape[-1] ** 0.5", "`*` stands where `/` belongs."),
        ("if x.ndim <= 2:", "a comparison is `<=` where it ought to be `<`."),
        ("if mask is not None or mask.any():", "`or` joins two conditions where `and` belongs."),
        ("return torch.softmax(torch.cat(rows), dim=-2)", "the axis of `softmax` is another one."),
        ("scores = scores.masked_fill(mask, 0.0)", "a number given to `masked_fill` is 0.0 where 7.0 belongs."),
        (
            "rows = [scores[i : i + 2].mean(dim=-1, keepdim=True) for i in range(len(x))]",
            "`mean` is called where `sum` belongs.",
        ),
        (
            "rows = [scores[i : i + 2].sum(dim=-1, keepdim=False) for i in range(len(x))]",
            "`keepdim` of `sum` is False.",
        ),
        (
            "rows = [scores[i : i + 2].sum(dim=-1) for i in range(len(x))]",
            "the argument `keepdim` of `sum` is left out.",
        ),
        (
            "rows = [scores[ : i + 2].sum(dim=-1, keepdim=True) for i in range(len(x))]",
            "a slice begins or ends elsewhere.",
        ),
        ("scores = scores.masked_fill(7.0, mask)", "two neighbouring arguments of `masked_fill` have changed places."),
        ("scores = scores", "a call is left out, `masked_fill`."),
        ("if True:", "`torch.no_grad()` is left out."),
        ("return None", "nothing is returned."),
    ],
)
def test_what_is_said(line: str, sentence: str) -> None:
    assert said()[line] == WHERE + sentence.replace("no_grad()", "no_grad")


def test_an_argument_that_is_not_refused() -> None:
    assert said()["pass"] == WHERE + "an argument that ought to be refused is accepted."


def test_no_sentence_holds_a_line_of_the_solution() -> None:
    for line, says in said().items():
        assert len(line) < 12 or line not in says


HELPER = '''"""# Help"""


def _finite(x):
    return x.clamp(min=0.0)


def rows(x):
    """Rows."""
    # TODO: rows.
    return _finite(x).sum()
'''


def test_helpers_of_the_solution_have_no_name() -> None:
    """The stub does not have them, and a learner's file has others."""
    says = [mutant.mistake.says for mutant in hypotheses(HELPER)]
    assert f"{LEAD} in `rows`: a call is left out." in says
    assert not [text for text in says if "_finite" in text]


def test_what_can_be_said_in_no_words_is_no_guess() -> None:
    assert not [mutant for mutant in hypotheses(SOURCE) if not mutant.mistake.says]
    source = SOURCE.replace("rows.append(x)", "rows += [x]")
    assert len(hypotheses(source)) < len(mutants_of(source))


def test_the_edit_belongs_to_the_name() -> None:
    assert edit_of(SOURCE, f"{PREFIX}100000") is None
    assert edit_of(SOURCE, "no-scale") is None
