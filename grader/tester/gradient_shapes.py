"""The shape of an error in a backward pass: parameters and arguments that it does not reach, a term that is missing."""

from __future__ import annotations

import numpy as np

from grader.tester.answers import LOOSE, MOST_NAMES, Gradients, Observed, differ, is_constant, is_finite, same
from grader.tester.compare import values_match
from grader.tester.pair import tells_places_apart


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
