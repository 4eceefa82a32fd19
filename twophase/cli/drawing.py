"""Where commands draw what people look at: standard output, by rich."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.text import Text

WIDTH_MAX = 120  # Of most commands, in columns.

WIDTH_UNKNOWN = 80


@contextmanager
def drawing(width_max: int = WIDTH_MAX) -> Iterator[Console]:
    """Give a console to draw on; in the end, what was drawn is printed."""
    console = Console(highlight=False)
    # Some terminals do not know their width, and say 0: on that rich would draw nothing at all.
    console.width = min(console.width or WIDTH_UNKNOWN, width_max)
    # Captured first: it is for the command, not for rich, to meet a pipe that nobody reads.
    with console.capture() as captured:
        yield console
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), color=True)  # Rich has decided on colours.


def section(console: Console, title: str, style: str = "bold") -> None:
    console.print()
    console.print(Text(title, style=style))


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)
