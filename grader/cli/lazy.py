"""A group of commands that are imported when they are asked for, and only as far as this kit has them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


class Unread(click.Command):
    """A command that is known by its name and its line of help; the module holds the rest."""

    def __init__(self, name: str, module: str, line: str) -> None:
        super().__init__(name, help=line)
        self.module = module

    def is_here(self) -> bool:
        return (Path(__file__).parent / f"{self.module}.py").exists()

    def read(self) -> click.Command:
        """Import the command."""
        module = importlib.import_module(f"grader.cli.{self.module}")
        found = [item for item in vars(module).values() if isinstance(item, click.Command) and item.name == self.name]
        return found[0]


def imported(module: str, name: str) -> Any:
    """Something of a module that few commands need and that brings much along: pytest and NumPy, say."""
    return getattr(importlib.import_module(module), name)


class LazyGroup(click.Group):
    """The commands of `grader`. A learner's kit has none of an instructor's modules, and so none of their commands."""

    def add_unread(self, commands: Mapping[str, Mapping[str, str]]) -> None:
        """For each module its commands, each with the line of help that stands in the list."""
        for module, lines in commands.items():
            for name, line in lines.items():
                self.add_command(Unread(name, module, line))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in super().list_commands(ctx) if _is_here(self.commands[name])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command as it stands in the list: help for all of them imports none."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not _is_here(command):
            raise click.UsageError(f"`{cmd_name}` is not part of a learner's kit; those who teach the course have it")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was asked for, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.read() if isinstance(command, Unread) else command, rest


def _is_here(command: click.Command) -> bool:
    return not isinstance(command, Unread) or command.is_here()
