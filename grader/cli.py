"""The command line: reads words, calls, prints, exits. It never imports torch."""

from __future__ import annotations

import os
import secrets
import sys

import click

from grader.errors import GraderError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Check exercises and learn what is wrong with them."""


@cli.group()
def dev() -> None:
    """For those who write exercises."""


@dev.command("sync")
def dev_sync() -> None:
    """Derive every stub from its solution."""
    from grader.curriculum import load_curriculum
    from grader.dev.laws import sync
    from grader.house import House

    house = House.find()
    for path in sync(house, load_curriculum(house)):
        click.echo(f"wrote {house.shown(path)}")


@dev.command("check")
@click.argument("names", nargs=-1)
@click.option("--seeds", default=3, show_default=True, help="How many seeds each solution is run under.")
@click.option("--seed", type=int, help="The first seed; drawn unless given.")
@click.option("--jobs", type=int, help="Runs at a time; the number of cores unless given.")
def dev_check(names: tuple[str, ...], seeds: int, seed: int | None, jobs: int | None) -> None:
    """Prove that stubs score nothing, solutions everything, and that every mistake is caught."""
    from grader.curriculum import load_curriculum
    from grader.dev.laws import violations
    from grader.dev.proof import prove
    from grader.house import House
    from grader.render.proof import render_progress, render_proofs

    house = House.find()
    curriculum = load_curriculum(house)
    exercises = [e for name in names for e in curriculum.find(name)] or list(curriculum.exercises)
    first = seed if seed is not None else secrets.randbits(32)
    broken = violations(house, curriculum, exercises)
    proofs = prove(
        house,
        curriculum,
        exercises,
        [first + i for i in range(seeds)],
        jobs or os.cpu_count() or 1,
        render_progress(sys.stderr),
    )
    click.echo(render_proofs(proofs, broken, first))
    if broken or any(proof.troubles for proof in proofs):
        sys.exit(1)


@dev.command("judge")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--seed", type=int, help="Repeat the inputs of an earlier run.")
def dev_judge(name: str, file: str, seed: int | None) -> None:
    """Show what the suite says of FILE, with the solutions as its earlier parts."""
    from pathlib import Path

    from grader.checking import make_job, modules_for
    from grader.curriculum import load_curriculum
    from grader.house import House
    from grader.judge.client import Judge

    house = House.find()
    curriculum = load_curriculum(house)
    (exercise,) = curriculum.find(name)
    with Judge(modules_for(house, curriculum, [exercise])) as judge:
        result = judge.judge(make_job(house, exercise, seed=seed, root=house.solutions, file=Path(file)))
    click.echo(f"{result.exercise}: {result.verdict}, {result.points:g} of {result.points_possible:g}")
    for test in result.tests:
        click.echo(f"  {test.verdict:8} {test.seconds:6.2f} s  {test.name}")
        if test.failure is not None:
            click.echo(f"           {test.failure}\n           mistake: {test.mistake}")
    if result.problem is not None:
        click.echo(f"  {result.problem}")
    sys.exit(0 if result.verdict == "passed" else 1)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        cli.main(args=arguments, prog_name="grader", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except GraderError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"\nhint: {error.hint}", err=True)
        return error.exit_code
    except SystemExit as ended:
        return int(ended.code or 0)
    except (KeyboardInterrupt, click.Abort):
        return 130
    return 0
