"""`twophase status --watch`: a server in another process, asked again and again."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from sim.watch.rates import Rates
from twophase.cli.errors import BadInputError
from twophase.cli.watch_keys import Wish
from twophase.cli.watch_pace import number_within
from twophase.cli.watch_screen import Screen
from twophase.cli.watch_server_page import ServerShown, lines_of_server

INTERVAL_SECONDS, INTERVAL_MIN, INTERVAL_MAX = 1.0, 0.1, 60.0
FRAME_SECONDS = 0.25  # The terminal may be resized meanwhile.
HELP = (
    "space     freeze the picture, and let it go on; the server does not wait",
    "q         stop watching (Ctrl-C does the same); the server goes on",
    "?         this, or no longer this",
    "",
    "Rates are of the last two seconds, or since the server was last asked.",
)


def watch_status(ask: Callable[[], Mapping[str, Any]], title: str, interval: float) -> None:
    """Show a server's status until somebody has seen enough.

    Raises:
        BadInputError: The first question is not answered.
    """
    began = perf_counter()
    rates = Rates()
    status = ask()
    rates.take(0.0, status["answers"])
    with Screen() as screen:
        state, is_frozen, has_help, asked_at = "running", False, False, began
        while True:
            now = perf_counter()
            if not is_frozen and now - asked_at >= interval:
                state, asked_at = "running", now
                try:
                    status = ask()
                    rates.take(now - began, status["answers"])
                except BadInputError as error:  # It may come back.
                    state = error.message
            shown = ServerShown(
                title=title,
                state="frozen" if is_frozen else state,
                seconds=now - began,
                status=status,
                rates=rates.rates(),
                picture=None,
                said=(),
                help=HELP,
                has_help=has_help,
            )
            screen.show(lines_of_server(shown, screen.size()))
            wish = screen.keyboard.wish(min(FRAME_SECONDS, interval))
            if wish is Wish.QUIT or screen.keyboard.is_closed:
                return
            is_frozen ^= wish is Wish.PAUSE
            has_help ^= wish is Wish.HELP


def interval_of(text: str) -> float:
    """Read `--interval`.

    Raises:
        BadInputError
    """
    seconds = number_within(text, INTERVAL_MIN, INTERVAL_MAX)
    if seconds is None:
        raise BadInputError(
            f"--interval is seconds, from {INTERVAL_MIN} to {INTERVAL_MAX:.0f}, not {text!r}"
        )
    return seconds
