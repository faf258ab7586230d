"""A learner's `grader doctor`: what of the kit works on this machine."""

from __future__ import annotations

import sys

import click

from grader.cli.echo import echo
from grader.learner.doctor import doctor as look
from grader.render.doctor import render_doctor


@click.command()
def doctor() -> None:
    """What works on this machine, and how to get what does not."""
    checks = look()
    echo(render_doctor(checks))
    if any(check.needed and not check.works for check in checks):
        sys.exit(1)
