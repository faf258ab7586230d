"""The shape of an error that one result does not show: what is true of several calls, beside the reference's own.

As in `difference`, each sentence is a fact about the answers, said only where it holds of all that were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grader.tester.answers import MOST_NAMES, Answer, Observed, differ, is_constant, is_finite, same, tells
from grader.tester.gradient_shapes import one_term, silent_arguments, silent_parameters, unused_parameters
from grader.tester.variations import Change, Kind

Finder = Callable[[Observed], str | None]


def sentences(observed: Observed) -> Iterator[str]:
    """What can be said, the most specific first. What has a memory or draws at random is asked no further."""
    unsteady = next(filter(None, (finder(observed) for finder in (left_behind, second_call, drawn, repeated))), None)
    if unsteady:
        yield unsteady
        return
    if observed.learner.is_steady and observed.reference.is_steady:
        finders = (right_for_another, without_effect, unused_parameters, silent_parameters, silent_arguments, one_term)
        yield from filter(None, (finder(observed) for finder in finders))


# -- the same call more than once ---------------------------------------------------------------------


def left_behind(observed: Observed) -> str | None:
    """Right in a fresh process, wrong after other tests, or after other calls of the same one."""
    mine, right = observed.learner, observed.reference
    if not mine.is_steady or not same(mine.first, mine.again):
        return None
    after_others = same(mine.first, right.first) and differ(observed.earlier, right.first)
    after_calls = right.is_fixed and same(observed.alone, right.seeded) and differ(mine.seeded, right.seeded)
    if after_others or after_calls:
        return "In a fresh process this call is right. What earlier calls left behind changes the result."
    return None


def second_call(observed: Observed) -> str | None:
    """The first call is right and the next one is not, where the reference gives the same twice."""
    mine, right = observed.learner, observed.reference
    if right.is_fixed and same(mine.first, right.first) and differ(mine.again, right.first):
        return "This call is right, but the same call once more, right after it, gives another result."
    return None


def drawn(observed: Observed) -> str | None:
    """Numbers drawn where none ought to be, or from elsewhere than the generator that was passed."""
    mine, right = observed.learner, observed.reference
    if not right.is_fixed or not mine.is_steady or not differ(mine.seeded, mine.other_seed):
        return None
    if len(observed.generators) == 1:
        name = observed.generators[0]
        return f"{observed.subject} is not settled by `{name}`: numbers are drawn from the global random state."
    if observed.generators:
        return None
    return f"{observed.subject} depends on the random state: another seed gives another result. It ought not to."


def repeated(observed: Observed) -> str | None:
    """Another result under the same seed: something is kept, or drawn where no seed reaches."""
    mine, right = observed.learner, observed.reference
    if not right.is_fixed or not differ(mine.seeded, mine.seeded_again):
        return None
    if observed.generators:
        return "The same call twice gives two different results, with generators in the same state."
    return "The same call twice gives two different results, with the same arguments and the same random seed."


# -- other arguments ----------------------------------------------------------------------------------


def right_for_another(observed: Observed) -> str | None:
    """The reference's result for a neighbouring argument, or for two arguments exchanged."""
    mine, right = observed.learner.seeded, observed.reference
    if not differ(mine, right.seeded) or not tells(mine):
        return None
    fitting = [change for change in right.changed if same(mine, right.changed[change])]
    if len(fitting) != 1 or fitting[0].kind is Kind.OTHER or not differ(right.seeded, right.changed[fitting[0]]):
        return None
    change = fitting[0]
    if any(same(mine, answer) for other, answer in observed.learner.changed.items() if other.names == change.names):
        return None  # it takes no notice of the argument
    if change.kind is Kind.EXCHANGED:
        return f"{observed.subject} is the right one for `{change.names[0]}` and `{change.names[1]}` exchanged."
    name = change.names[0]
    return f"{observed.subject} is the right one for `{name} = {change.now}`, but `{name}` is {change.was}."


def without_effect(observed: Observed) -> str | None:
    """Arguments whose change changes nothing."""
    mine = observed.learner
    names = [name for name in _names(observed) if _has_no_effect(observed, name)]
    if not names or len(names) > MOST_NAMES or not is_finite(mine.seeded) or is_constant(mine.seeded):
        return None
    if any(same(mine.seeded, Answer(value, given=True)) for value in observed.arguments):
        return None  # it is one of them: that says it all
    listed = " or another ".join(f"`{name}`{_tried(observed, name)}" for name in names)
    return f"{observed.subject} stays the same with another {listed}; it ought to change."


def _tried(observed: Observed, name: str) -> str:
    """The numbers that were tried: with others it may change."""
    values = dict.fromkeys(change.now for change in _that_matter(observed, name))
    return f" ({', '.join(values)})" if all(values) else ""


def _names(observed: Observed) -> list[str]:
    """The arguments that were changed, each alone."""
    return list(dict.fromkeys(change.names[0] for change in observed.learner.changed if len(change.names) == 1))


def _that_matter(observed: Observed, name: str) -> list[Change]:
    """The changes of this argument that change the reference's result."""
    right = observed.reference
    changes = [change for change in observed.learner.changed if change.names == (name,)]
    return [change for change in changes if differ(right.seeded, right.changed.get(change, Answer()))]


def _has_no_effect(observed: Observed, name: str) -> bool:
    """So many other values, or the only other one there is: each changes the reference's result, none the learner's."""
    mine, matters = observed.learner, _that_matter(observed, name)
    if not all(same(mine.seeded, mine.changed[change]) for change in matters):
        return False
    return any(len(matters) >= change.needed for change in matters)
