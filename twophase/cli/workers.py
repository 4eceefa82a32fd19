"""What a command says of a worker that died: out of memory, or killed by somebody."""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

from twophase.cli.errors import BadInputError


@contextmanager
def dead_workers_told(what: str) -> Iterator[None]:
    """Say in a sentence that a process of something died, which is nobody's finding.

    Raises:
        BadInputError: One did.
    """
    try:
        yield
    except BrokenExecutor as error:
        raise BadInputError(
            f"a process of the {what} died, out of memory or killed by somebody: try --jobs 1"
        ) from error
