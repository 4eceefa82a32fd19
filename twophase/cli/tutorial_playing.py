"""A tutorial's steps carried out, one after the other, in front of whoever watches."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from difflib import ndiff
from pathlib import Path
from typing import Any

import click

from twophase.cli.tutorial_page import Ask, Heading, Json, Start, Step, filled
from twophase.cli.tutorial_server import Answer, Served, asked, served

AGAIN_SECONDS = 0.3
PATIENCE_SECONDS = 60
REFUSED = "An error occurred"  # How `aws` begins to tell an error.
NO_JSON = object()


class Player:
    """Plays a page; one server at a time."""

    def __init__(self, name: str, directory: Path) -> None:
        self._name = name
        self._directory = directory
        self._serving = ExitStack()
        self._server: Served | None = None

    def play(self, steps: Sequence[Step]) -> bool:
        """Carry out all steps, or those up to the first answer that is not the expected one.

        Raises:
            BadInputError: The server does not start, or a command cannot be run.
        """
        with self._serving:
            for step in steps:
                match step:
                    case Heading(text=text):
                        say(f"\n{text}\n{'=' * len(text)}", fg="cyan", bold=True)
                    case Start():
                        self._start(step)
                    case Ask():
                        if not self._ask(step):
                            return False
        return True

    def _start(self, start: Start) -> None:
        if self._server is not None:
            say("\n(The server is stopped, as by Ctrl-C.)", dim=True)
        self._serving.close()
        say(f"\n$ {' '.join(('twophase', 'serve', *start.options))}", bold=True)
        self._server = self._serving.enter_context(served(start, self._directory))
        say(f"(It listens on {self._server.url}.)", dim=True)

    def _ask(self, ask: Ask) -> bool:
        """Ask, and once more as long as that may help; say whether the answer is as expected."""
        assert self._server is not None, "a page starts a server first"
        say(f"\n{typed(ask)}", bold=True)
        give_up = time.monotonic() + PATIENCE_SECONDS
        shown = ""
        while True:
            answer = asked(ask, self._server)
            if answer.text != shown:
                say(answer.text)
            shown = answer.text
            if fits(ask, answer):
                say(
                    "" if answer.text else "(Nothing is printed, and the exit code is 0.)", dim=True
                )
                return True
            if not ask.is_awaited or time.monotonic() > give_up or not self._server.is_up:
                self._tell(ask, answer)
                return False
            time.sleep(AGAIN_SECONDS)

    def _tell(self, ask: Ask, answer: Answer) -> None:
        """Say what is other than the page says, and what to do about it."""
        assert self._server is not None, "it was just asked"
        say(f"\nThat is not what {self._name} shows in line {ask.line}:", fg="red", bold=True)
        say("(- is the page's, + is what came)", dim=True)
        for line in difference(ask, answer):
            say(line, fg={"-": "yellow", "+": "red"}.get(line[:1]))
        if not self._server.is_up:
            say("The server has ended: that is a bug of twophase.")
        say(
            "Nothing after it was asked, and the server is stopped."
            "  To look closer, start `twophase serve` and type the page's commands yourself."
        )


def typed(ask: Ask) -> str:
    """Show what somebody would type."""
    return f"$ {ask.text}" if ask.language == "bash" else f"$ python - <<END\n{ask.text}\nEND"


def fits(ask: Ask, answer: Answer) -> bool:
    """Say whether an answer is the expected one."""
    refused = ask.expected.startswith(REFUSED)
    if refused != (answer.code != 0):
        return False
    if ask.is_json:
        came = json_of(answer.out)
        return came is not NO_JSON and bool(filled(json.loads(ask.expected), came) == came)
    if not ask.expected:
        return answer.out.strip() in ("", "{}")  # Some versions of `aws` show an empty answer.
    return ask.expected in (answer.told if refused else answer.out)


def difference(ask: Ask, answer: Answer) -> Iterator[str]:
    """Compare line by line; of a JSON answer, nothing that the page leaves open."""
    expected, came = ask.expected, answer.text
    if ask.is_json and (found := json_of(answer.out)) is not NO_JSON:
        expected = as_text(filled(json.loads(ask.expected), found))
        came = as_text(found)
    yield from (
        line.rstrip()
        for line in ndiff(
            expected.splitlines() or ["(nothing)"], came.splitlines() or ["(nothing)"]
        )
        if not line.startswith("?")
    )


def json_of(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:  # An answer may be any text; who asks compares it as one.
        return NO_JSON


def as_text(value: Json) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False)


def say(text: str, **style: Any) -> None:
    """Print a text, in colours only where they can be seen and are wanted."""
    if text:
        click.secho(text, color=False if os.environ.get("NO_COLOR") else None, **style)
