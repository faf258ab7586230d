"""The shape of an error that one result does not show: what is true of several calls, beside the reference's own.

As in `difference`, each sentence is a fact about the answers, said only where it holds of all that were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.protocol.wire import Unsendable
from grader.tester.compare import as_array, values_match
from grader.tester.opaque import Opaque
from grader.tester.pair import tells_places_apart
from grader.tester.variations import Change, Kind

LOOSE = (1e-3, 1e-4)  # what is nearer than this is not said to differ
MOST_NAMES = 3
MOST_DEPTH = 4


@dataclass(frozen=True)
class Answer:
    """What came of one call. Nothing was `given` where the call raised, or was not made."""

    value: Any = None
    given: bool = False


@dataclass(frozen=True)
class Gradients:
    """What one backward pass gave: to the arguments and to the parameters by name, None for no gradient at all.

    `incoming` is the gradient of the result that it began with, where the result is a single tensor. Of a parameter in
    `after_moving` the value was changed; that was the answer then.
    """

    arguments: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    parameters: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    incoming: np.ndarray | None = None
    after_moving: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """One side's: to the test's own call, to the same once more, then twice under one seed and once under another.

    Those to `changed` arguments were given under that first seed as well.
    """

    first: Answer = field(default_factory=Answer)
    again: Answer = field(default_factory=Answer)
    seeded: Answer = field(default_factory=Answer)
    seeded_again: Answer = field(default_factory=Answer)
    other_seed: Answer = field(default_factory=Answer)
    changed: Mapping[Change, Answer] = field(default_factory=dict)
    gradients: Gradients | None = None

    @property
    def is_steady(self) -> bool:
        """Whether the same call gives the same under the same seed."""
        return same(self.seeded, self.seeded_again)

    @property
    def is_fixed(self) -> bool:
        """Whether the same call gives the same under any seed, and each time."""
        return self.is_steady and all(same(self.seeded, other) for other in (self.first, self.again, self.other_seed))


@dataclass(frozen=True)
class Observed:
    """Both sides of one call. `earlier` is the learner's answer to it in the test itself, after all other tests.

    `alone` is the one, under the first seed, in a process where nothing was called before.

    `subject` is what the sentences speak of; `arguments` are the arrays that were passed, `generators` names of others.
    """

    learner: Answers
    reference: Answers
    earlier: Answer = field(default_factory=Answer)
    alone: Answer = field(default_factory=Answer)
    subject: str = "The result"
    generators: tuple[str, ...] = ()
    arguments: tuple[Any, ...] = ()


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
    listed = " or another ".join(f"`{name}`" for name in names)
    return f"{observed.subject} stays the same with another {listed}; it ought to change."


def _names(observed: Observed) -> list[str]:
    """The arguments that were changed, each alone."""
    return list(dict.fromkeys(change.names[0] for change in observed.learner.changed if len(change.names) == 1))


def _has_no_effect(observed: Observed, name: str) -> bool:
    """So many other values, or the only other one there is: each changes the reference's result, none the learner's."""
    mine, right = observed.learner, observed.reference
    changes = [change for change in mine.changed if change.names == (name,)]
    matters = [change for change in changes if differ(right.seeded, right.changed.get(change, Answer()))]
    if not all(same(mine.seeded, mine.changed[change]) for change in matters):
        return False
    return any(len(matters) >= change.needed for change in matters)


# -- gradients ----------------------------------------------------------------------------------------


def doubtful_parameters(mine: Gradients, right: Gradients | None, wrong: bool) -> list[str]:
    """Parameters that matter to the reference and perhaps not here: those without a gradient; any, if it is wrong."""
    felt = [name for name, gradient in right.parameters.items() if _is_felt(gradient)] if right is not None else []
    known = [name for name in felt if name in mine.parameters]
    silent = [name for name in known if mine.parameters[name] is None]
    return silent + [name for name in known if wrong and name not in silent]


def unused_parameters(observed: Observed) -> str | None:
    """Parameters whose value does not matter, where the reference's gradient says that it does."""
    mine, right = _both(observed)
    answer = observed.learner.seeded
    if mine is None or right is None or not is_finite(answer) or is_constant(answer):
        return None
    names = [
        name
        for name, after in mine.after_moving.items()
        if _is_felt(right.parameters.get(name)) and same(answer, after)
    ]
    wrong = differ(answer, observed.reference.seeded)
    is_all = len(names) == len(mine.after_moving) < len(doubtful_parameters(mine, right, wrong))
    if not 0 < len(names) <= MOST_NAMES or is_all:  # there are more, of which the same may be true
        return None
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{observed.subject} stays the same when the {_listed('parameter', names)} {verb} changed; it ought to change."
    )


def silent_parameters(observed: Observed) -> str | None:
    """Parameters that take part in the result, but get no gradient."""
    mine, right = _both(observed)
    if mine is None or right is None:
        return None
    felt = [name for name, gradient in right.parameters.items() if _is_felt(gradient) and name in mine.parameters]
    if len(felt) > 1 and all(gradient is None for gradient in mine.parameters.values()):
        return "No parameter gets a gradient from the result."
    names = [
        name
        for name, after in mine.after_moving.items()
        if name in felt and mine.parameters[name] is None and differ(observed.learner.seeded, after)
    ]
    if not names:
        return None
    takes, gets = ("takes", "gets") if len(names) == 1 else ("take", "get")
    return f"The {_listed('parameter', names)} {takes} part in the result, but {gets} no gradient from it."


def silent_arguments(observed: Observed) -> str | None:
    """Arguments to which no gradient comes, though the result is right."""
    mine, right = _both(observed)
    if mine is None or right is None or not same(observed.learner.seeded, observed.reference.seeded):
        return None
    names = [
        name for name, wanted in right.arguments.items() if _is_felt(wanted) and mine.arguments.get(name, 0) is None
    ]
    listed = " and ".join(f"`{name}`" for name in names)
    return f"No gradient comes back to {listed}." if 0 < len(names) <= MOST_NAMES else None


def one_term(observed: Observed) -> str | None:
    """Right forward; backward, what an added input passes on is all there is, or is missing."""
    mine, right = _both(observed)
    if mine is None or right is None or not same(observed.learner.seeded, observed.reference.seeded):
        return None
    incoming = right.incoming
    for name, wanted in right.arguments.items():
        came = mine.arguments.get(name)
        if came is None or wanted is None or incoming is None or not came.shape == wanted.shape == incoming.shape:
            continue
        if not tells_places_apart(incoming) or not _apart(came, wanted):
            continue
        if _near(came, incoming):
            return f"The gradient of `{name}` is that of the result, unchanged: nothing is added to it on the way back."
        if _near(came + incoming, wanted):
            return f"The gradient of `{name}` lacks one term: the gradient of the result itself, as a sum passes it on."
    return None


def _both(observed: Observed) -> tuple[Gradients | None, Gradients | None]:
    return observed.learner.gradients, observed.reference.gradients


def _is_felt(gradient: np.ndarray | None) -> bool:
    return gradient is not None and bool(np.isfinite(gradient).all()) and bool((np.abs(gradient) > LOOSE[0]).any())


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    return values_match(a, b)


def _apart(a: np.ndarray, b: np.ndarray) -> bool:
    return not values_match(a, b, *LOOSE)


def _listed(kind: str, names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{kind} {quoted[0]}" if len(names) == 1 else f"{kind}s {', '.join(quoted[:-1])} and {quoted[-1]}"


# -- answers ------------------------------------------------------------------------------------------


def same(a: Answer, b: Answer) -> bool:
    """Whether both were given and agree but for rounding. Of objects that is not known."""
    return a.given and b.given and is_data(a.value) and is_data(b.value) and values_match(a.value, b.value)


def differ(a: Answer, b: Answer) -> bool:
    """Whether both were given and are clearly not the same."""
    known = a.given and b.given and is_data(a.value) and is_data(b.value)
    return known and not values_match(a.value, b.value, *LOOSE)


def is_data(value: Any, depth: int = MOST_DEPTH) -> bool:
    """Whether nothing in it is an object of the other side."""
    if isinstance(value, Opaque | Unsendable) or depth < 0:
        return False
    if type(value) in (list, tuple) and as_array(value) is None:
        return all(is_data(item, depth - 1) for item in value)
    return all(is_data(item, depth - 1) for item in value.values()) if isinstance(value, dict) else True


def arrays_of(answer: Answer) -> list[np.ndarray]:
    """The arrays of an answer that is one, or a tuple of some."""
    parts = answer.value if type(answer.value) is tuple else [answer.value]
    found = (as_array(part) for part in parts) if answer.given else ()
    return [array for array in found if array is not None]


def is_finite(answer: Answer) -> bool:
    """Whether there are numbers in it, and no NaN, which is equal to any NaN."""
    arrays = [array for array in arrays_of(answer) if array.dtype.kind in "fc"]
    return not any(np.isnan(array).any() or (array.size and not np.isfinite(array).any()) for array in arrays)


def is_constant(answer: Answer) -> bool:
    """Whether it is made of arrays that each hold one value alone: then that is what there is to say."""
    arrays = arrays_of(answer)
    return bool(arrays) and all(array.size > 1 and (array == array.flat[0]).all() for array in arrays)


def tells(answer: Answer) -> bool:
    """Whether it holds enough to agree with nothing by chance."""
    return any(
        tells_places_apart(array) or (array.dtype.kind == "f" and bool((array != np.round(array)).any()))
        for array in arrays_of(answer)
        if np.isfinite(array).any()
    )
