"""What the best reader of a window loses: the floor that a model with a context of so many characters can reach.

A model that is shown windows cut out of an endless text knows nothing of what stood before them. Its first
prediction has one character to go by, the second has two, and so on: character `j + 1` costs at least
H(X_{j+1} | X_1 … X_j), where X_1 stands at a random place of the text. `evaluate` takes the mean of these over
j = 1 … context, and so does this. It is worked out exactly, with no text drawn:

Such a reader holds a *belief*, how likely each place of the grammar is after what was read. At first it is the share of
each place in an endless text. Each character turns a belief into another one, by Bayes' rule. Different windows that
lead to one belief are one case, with the sum of their probabilities. Where a belief is down to a single place,
the reader knows as much as one who has read everything, and the rest is a chain of places alone. So what has to be
followed is a few thousand beliefs at most, and from the 47th character on none of them is unsure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from grader.corpora.language import Node, stationary, steps

Belief = tuple[tuple[Node, float], ...]
SAME = 12  # decimal places to which two beliefs agree that are one


def entropy_in_windows(context: int) -> float:
    """The least mean loss in windows of `context` characters at random places, in nats per character."""
    return sum(entropies_in_windows(context)) / context


def entropies_in_windows(context: int) -> list[float]:
    """For j = 1 … context: the entropy of the character that follows j characters, in nats."""
    found = []
    certain: dict[Node, float] = {}
    unsure: dict[Belief, float] = {tuple(stationary()): 1.0}
    for _ in range(context + 1):
        found.append(sum(share * _entropy([part for part, _, _ in steps(node)]) for node, share in certain.items()))
        later: defaultdict[Node, float] = defaultdict(float)
        unsure_later: defaultdict[Belief, float] = defaultdict(float)
        for node, share in certain.items():
            for part, _, target in steps(node):
                later[target] += share * part
        for belief, share in unsure.items():
            outcomes = list(_read_on(belief))
            found[-1] += share * _entropy([part for part, _ in outcomes])
            for part, after in outcomes:
                if len(after) == 1:
                    later[after[0][0]] += share * part
                else:
                    unsure_later[after] += share * part
        certain, unsure = dict(later), dict(unsure_later)
    return found[1:]


def _read_on(belief: Belief) -> Iterator[tuple[float, Belief]]:
    """For each character that may come: its probability, and the belief after it."""
    following: defaultdict[str, defaultdict[Node, float]] = defaultdict(lambda: defaultdict(float))
    for node, weight in belief:
        for part, character, target in steps(node):
            following[character][target] += weight * part
    for places in following.values():
        total = sum(places.values())
        yield total, tuple(sorted((node, round(weight / total, SAME)) for node, weight in places.items()))


def _entropy(shares: Sequence[float]) -> float:
    return -sum(share * math.log(share) for share in shares)
