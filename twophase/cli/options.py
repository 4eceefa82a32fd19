"""Options that several commands have, each worded once.

They decorate a command, in the order in which its help is to show them.
"""

from collections.abc import Callable
from typing import TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., int])

seed = click.option(
    "--seed", metavar="N", help="Where all chance comes from.  [default: 1, or the file's]"
)
mutant = click.option(
    "--mutant", metavar="NAME", help="Break a rule on purpose: see `twophase mutants`; or `none`."
)


def settings(example: str = "cluster.partitions=8") -> Callable[[Decorated], Decorated]:
    """Make `--set` with an example that fits what the command is for."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help=f"Set a key of the scenario, as in {example}; as often as you like.",
    )
