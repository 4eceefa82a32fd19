"""What a command says of a word too many: what it takes, and what may be meant."""

import re
import shlex
from collections.abc import Sequence

import click

from twophase.cli.errors import BadInputError

EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)  # As click says it.


def explained(error: click.ClickException, words: Sequence[str]) -> click.ClickException:
    """Return what to say of a word too many on a command line; any other error as it is."""
    found = EXTRA.fullmatch(error.format_message())
    if found is None or not isinstance(error, click.UsageError) or error.ctx is None:
        return error
    command = error.ctx.command
    begins = (word for word in words if f"{found[1]} ".startswith(f"{word} "))
    extra = max(begins, key=len, default=found[1])  # One word; several may be too many.
    arguments = [one for one in command.params if not isinstance(one, click.Option)]
    takes = " and ".join([*(one.make_metavar(error.ctx) for one in arguments), "options"])
    meant = _meant(command, extra, list(words))
    return BadInputError(f"{command.name} takes {takes}, not {extra!r}: {meant}")


def _meant(command: click.Command, extra: str, words: list[str]) -> str:
    """Say how that is written which a word too many is likely to mean."""
    for place, word in enumerate(words[:-2]):
        if word == "--set" and words[place + 2] == extra:
            begun = words[place + 1]
            if "=" not in begun:
                return f"a key is set by --set {begun}={extra}"
            return f"quotes keep a value together, as in --set {shlex.quote(f'{begun} {extra}')}"
    if command.name == "mutants":
        return "`twophase simulate SCENARIO --mutant NAME` runs one, and --hunt NAME hunts one"
    if extra.isascii() and extra.isdigit() and any("--seed" in one.opts for one in command.params):
        return f"a seed is --seed {extra}"
    return f"`twophase {command.name} --help` shows them"
