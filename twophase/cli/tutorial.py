"""`twophase tutorial`: carry out a tutorial's page, command by command, and compare its answers."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.interrupting import handling
from twophase.cli.serve import refuse_without_extra
from twophase.cli.tutorial_page import Ask, steps_of
from twophase.cli.tutorial_playing import Player, say
from twophase.ending_signals import ending_signals
from twophase.os_errors import why

NO_BOTO3 = (
    "the tutorial asks with boto3 too, which is not installed:"
    " pip install '.[tutorial]' in twophase's directory brings it"
)


@click.command("tutorial")
@click.argument("page", default="", metavar="[FILE.md]")
def command(*, page: str) -> int:
    """Run the tutorial: start a server, ask it everything on the page, compare every answer.

    The page is docs/tutorial.md, or FILE.md, written in the same way.  Commands are run by the real
    `aws`; the server is on a free port, and what it keeps is gone afterwards.

    The exit code is 0 if every answer is the one on the page, 1 if one is not, 2 for bad input.
    """
    refuse_without_extra()
    if not page and find_spec("boto3") is None:  # Found out now, and not after its first half.
        raise BadInputError(NO_BOTO3)
    name, text = read(page)
    steps = steps_of(text)
    began = time.monotonic()
    with ended_by_signals(), TemporaryDirectory(prefix="twophase-tutorial-") as directory:
        if not Player(name, Path(directory)).play(steps):
            return FINDING
    count = sum(isinstance(step, Ask) for step in steps)
    told = "1 command" if count == 1 else f"{count} commands"
    seconds = time.monotonic() - began
    say(f"\n{told}, and every answer is what {name} shows.  {seconds:.0f} s", fg="green")
    return 0


def read(page: str) -> tuple[str, str]:
    """Return a page's name and text; the tutorial's own if none is named.

    Raises:
        BadInputError: It cannot be read.
    """
    try:
        if page:
            return page, Path(page).read_text(encoding="utf-8")
        return "docs/tutorial.md", own_page().read_text(encoding="utf-8")
    except OSError as error:
        named = page or "docs/tutorial.md"
        raise BadInputError(f"the page {named} cannot be read: {why(error)}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"the page {page} is no text") from error


def own_page() -> Path:
    """Find the tutorial: in a checkout it is among the other pages, in a package beside us."""
    package = Path(str(files("twophase")))
    installed = package / "tutorial.md"
    return installed if installed.exists() else package.parent / "docs" / "tutorial.md"


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, and all of them always, so that the server is stopped.

    Ctrl-C would be ignored by whatever a script has started in the background.
    """
    with handling(dict.fromkeys(ending_signals(), signal.default_int_handler)):
        yield
