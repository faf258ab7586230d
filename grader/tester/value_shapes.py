"""How every single value is wrong: a factor, an offset, the sign, another function of what was wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.tester.compare import show_number
from grader.tester.pair import Pair, bits, in_words

PLAIN_FACTORS = {2.0: "twice", 0.5: "half of", 0.25: "a quarter of", 3.0: "three times", 4.0: "four times"}


def unchanged(pair: Pair) -> str | None:
    """One of the arguments is what came."""
    for name, array in pair.setting.arrays.items():
        if bits(pair.came) >= 12 and array.shape == pair.came.shape and pair.same(array, pair.came):
            return f"What came is the argument `{name}`, unchanged."
    return None


def all_alike(pair: Pair) -> str | None:
    """One number everywhere, where different ones were wanted."""
    came, wanted = pair.came, pair.wanted
    if came.size < 2 or not (came.dtype.kind in "bif" and wanted.dtype.kind in "bif"):
        return None
    if np.isnan(came.astype(float)).all():
        return "Every value is NaN."
    first = came.flat[0]
    if not (came == first).all() or (wanted == wanted.flat[0]).all():
        return None
    return f"Every value is {show_number(first or 0)}; different ones were wanted."


def inverted(pair: Pair) -> str | None:
    """True and False in each other's place."""
    if not (pair.alike and pair.came.dtype.kind == pair.wanted.dtype.kind == "b" and bits(pair.wanted) >= 3):
        return None
    return "True and False are exchanged everywhere." if (pair.came != pair.wanted).all() else None


def sign(pair: Pair) -> str | None:
    """The negative of what was wanted."""
    if not _comparable(pair) or not pair.same(-pair.wanted, pair.came):
        return None
    if pair.wanted.size == 1:
        return "The sign is wrong."
    return "Every value has the wrong sign."


def offset(pair: Pair) -> str | None:
    """The same distance from what was wanted, everywhere."""
    if not _comparable(pair):
        return None
    gap = pair.came - pair.wanted
    distance = float(np.median(gap))
    whole = pair.came.dtype.kind == pair.wanted.dtype.kind == "i"
    if not np.isfinite(distance) or distance == 0 or not pair.same(pair.wanted + distance, pair.came):
        return None
    if not whole and not abs(distance) > 100 * (pair.absolute + pair.relative * float(np.abs(pair.came).max())):
        return None
    if pair.wanted.size == 1:
        return None  # both numbers are shown
    amount = show_number(int(abs(distance)) if whole else float(f"{abs(distance):.4g}"))
    return f"Every value is {amount} {'more' if distance > 0 else 'less'} than what was wanted."


def factor(pair: Pair) -> str | None:
    """The same multiple of what was wanted, everywhere."""
    if not _comparable(pair):
        return None
    there = np.abs(pair.wanted) > 100 * pair.absolute
    if not there.any():
        return None
    ratios = pair.came[there] / pair.wanted[there]
    found = float(np.median(ratios))
    if not np.isfinite(found) or found in (0.0, 1.0, -1.0) or not pair.same(pair.wanted * found, pair.came):
        return None
    if not abs(np.log(abs(found))) > 50 * pair.relative:
        return None
    known = in_words(abs(found), pair.setting)
    single = len(np.unique(pair.wanted[there])) < 2
    if single and not known and abs(found) not in PLAIN_FACTORS:
        return None
    if single and pair.wanted.dtype.kind == "i":
        return None  # two whole numbers are always some multiple of each other
    return _multiple(found, known, "It" if pair.wanted.size == 1 else "Every value")


def _multiple(found: float, known: str, subject: str) -> str:
    near = next((words for value, words in PLAIN_FACTORS.items() if abs(abs(found) / value - 1) < 1e-3), "")
    known = "" if near and ("√" in known or known.partition(" is ")[2] in ("1/2", "1/4")) else known
    times = f"{near} " if near else f"{show_number(float(f'{abs(found):.4g}'))} times "
    turned = ", and its sign is wrong" if found < 0 else ""
    text = f"{subject} is {times}what was wanted{turned}"
    return f"{text}; {known}." if known else f"{text}."


def _softmax(a: np.ndarray) -> np.ndarray:
    if a.ndim == 0:
        return np.ones_like(a)
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _log_softmax(a: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(_softmax(a)))


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-a)))


# Both ways round: f is applied once too often, or is missing.
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the exponential": np.exp,
    "the square": np.square,
    "the softmax": _softmax,
    "the logarithm of the softmax": _log_softmax,
    "the sigmoid": _sigmoid,
    "the tanh": np.tanh,
    "the absolute value": np.abs,
    "the ReLU": lambda a: np.maximum(a, 0.0),
    "the reciprocal": lambda a: 1.0 / a,
    "the complement to 1": lambda a: 1.0 - a,
}
# These leave some values as they are: of few, that may be an accident.
PARTLY_UNCHANGED = ("the absolute value", "the ReLU")
FEWEST_OF_EACH = 3
INVERSES = {"the exponential": "the logarithm", "the square": "the square root"}


def function(pair: Pair) -> str | None:
    """One well-known function of what was wanted; or what was wanted is one of what came."""
    if not _comparable(pair) or len(np.unique(pair.wanted)) < 2 or len(np.unique(pair.came)) < 2:
        return None
    if not np.isfinite(pair.wanted).all():
        return None
    wanted, came = pair.wanted.astype(float), pair.came.astype(float)
    for name, f in FUNCTIONS.items():
        if name in PARTLY_UNCHANGED and not FEWEST_OF_EACH <= pair.wrong.sum() <= pair.wrong.size - FEWEST_OF_EACH:
            continue
        if pair.same(f(wanted), came):
            return f"Every value is {name} of what was wanted."
        if pair.same(wanted, f(came)):
            if name in INVERSES:
                return f"Every value is {INVERSES[name]} of what was wanted."
            return f"{name[0].upper()}{name[1:]} of what came is what was wanted."
    return _rounded(pair, wanted, came)


def _rounded(pair: Pair, wanted: np.ndarray, came: np.ndarray) -> str | None:
    if np.isin(came, (-1.0, 0.0, 1.0)).all():
        return None  # shares that are all or nothing look like this, however they came to be
    if pair.same(np.round(wanted), came):
        return "Every value is rounded to a whole number."
    if pair.same(np.floor(wanted), came) or pair.same(np.trunc(wanted), came):
        return "Every value is cut down to a whole number."
    return None


def per_slice(pair: Pair) -> str | None:
    """One factor for each row, column or slice: right but for how it is normalised."""
    if not _comparable(pair) or pair.wanted.ndim < 1:
        return None
    for axis in range(-1, -pair.wanted.ndim - 1, -1):
        number = axis % pair.wanted.ndim
        if pair.wanted.shape[axis] < 3:
            continue
        if found := _normalised_at(pair, axis, number):
            return found
    return None


def _normalised_at(pair: Pair, axis: int, number: int) -> str | None:
    sums, others = pair.wanted.sum(axis=axis), pair.came.sum(axis=axis)
    if not pair.same(np.ones_like(sums, dtype=float), sums.astype(float)) or (pair.came < -pair.absolute).any():
        return None
    if pair.same(np.ones_like(others), others):
        return None
    for other in range(pair.wanted.ndim):
        along = pair.came.sum(axis=other)
        if other != number and pair.came.shape[other] > 1 and pair.same(np.ones_like(along), along):
            return f"What came sums to 1 along {pair.axis(other)}; it ought to along {pair.axis(number)}."
    total = np.expand_dims(others, axis)
    if (total > 0).all() and pair.same(pair.came / total, pair.wanted):
        return f"The values are right but for their sum, which ought to be 1 along {pair.axis(number)}."
    return None


def _comparable(pair: Pair) -> bool:
    return pair.alike and pair.numeric and pair.wanted.size > 0 and bool(np.isfinite(pair.came).all())
