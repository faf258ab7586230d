"""Numbers as people give them: each with its bounds, and none that is not a number."""

from __future__ import annotations

import math
from typing import Any

import click

from grader.judge.job_builder import SEED_BITS

MOST_AT_A_TIME = 1024


class Finite(click.FloatRange):
    """A number between bounds. `nan` is within any, as comparisons go."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or an error that names what was given."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


SEED = click.IntRange(0, 2**SEED_BITS - 1)
AT_A_TIME = click.IntRange(1, MOST_AT_A_TIME)
AT_LEAST_ONE = click.IntRange(1)
