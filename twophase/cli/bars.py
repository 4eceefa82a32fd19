"""The plain progress bar, where somebody is there to see it.

It is apart from `twophase.cli.progress` because that imports rich, which takes its time: only where
something is drawn.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Counted = Callable[[int, int], None]  # Takes how much is done, of how much.


@contextmanager
def plain_bar(what: str, *, as_json: bool) -> Iterator[Counted | None]:
    """Draw a progress bar while something goes on, if somebody is there to see it."""
    if as_json or not sys.stderr.isatty():  # JSON is for programs.
        yield None
        return
    from twophase.cli.progress import Bar  # noqa: PLC0415  # As above.

    with Bar(what) as bar:
        yield bar.show
