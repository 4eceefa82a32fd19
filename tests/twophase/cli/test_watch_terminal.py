"""Watching on a terminal, as people do it: it is taken over, and given back whatever happens."""

import json
import signal
import sys

import pytest

from sim.cluster_run import Run
from sim.scenario import load
from tests.twophase.terminal import Terminal
from twophase.cli.errors import INTERRUPTED
from twophase.testing import local_dynamodb

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="keys are read on Unix only")

SIMULATE = ("-m", "twophase", "simulate")


def test_a_run_is_paused_stepped_through_and_left() -> None:
    with Terminal(*SIMULATE, "one-transaction", "--watch", "--speed", "0.0001") as terminal:
        terminal.until(lambda screen: "0.0001×  running" in screen)
        terminal.press(" ")
        paused = terminal.until(lambda screen: "paused" in screen)
        terminal.press(".")
        terminal.until(lambda screen: "paused" in screen and screen != paused)
        terminal.press("+")
        terminal.until(lambda screen: "0.0002×" in screen)
        terminal.resize(80, 24)
        small = terminal.until(lambda screen: screen.count("\n") == 23)
        assert max(len(line.rstrip()) for line in small.splitlines()) <= 80
        terminal.press("q")

        assert terminal.end() == 130
        assert terminal.is_given_back()
        assert "of virtual time: nothing is judged" in terminal.said
        assert terminal.process.stdout is not None
        assert terminal.process.stdout.read() == b""


def test_at_the_end_there_is_the_result_of_the_same_run_unwatched() -> None:
    bare = Run(load("one-transaction"), 1).go()

    with Terminal(*SIMULATE, "one-transaction", "--watch", "--json") as terminal:
        terminal.until(lambda screen: "In flight" in screen)
        terminal.press("f")
        last = terminal.until(lambda screen: "any key shows its summary" in screen)
        terminal.press("x")

        assert terminal.end() == 0
        assert terminal.is_given_back()
        assert terminal.process.stdout is not None
        result = json.loads(terminal.process.stdout.read())

    assert "Every check holds" in last
    assert result["digest"] == bare.digest
    assert "--watch" not in result["replay"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_as_it_ends_a_run_that_nobody_watches(number: signal.Signals) -> None:
    with Terminal(*SIMULATE, "one-transaction", "--watch", "--speed", "0.001") as terminal:
        terminal.until(lambda screen: "running" in screen)
        terminal.process.send_signal(number)

        assert terminal.end() == INTERRUPTED
        assert terminal.is_given_back()
        assert "nothing is judged" not in terminal.said


FAILING = """
from twophase.cli.watch_screen import Screen
from rich.text import Text
with Screen() as screen:
    screen.show([Text("a picture")] * 3)
    screen.show([Text("a picture")] * 4)
    raise ValueError("a bug")
"""


def test_a_bug_gives_the_terminal_back_before_it_is_told() -> None:
    with Terminal("-c", FAILING) as terminal:
        assert terminal.end() == 1
        assert terminal.is_given_back()
        assert "a bug" in terminal.said.rpartition("\x1b[?1049l")[2]


NOT_GIVEN_BACK = """
import sys, tty
sys.stderr.write("\\x1b[?1049h\\x1b[?25l")
{}
sys.stderr.write("\\x1b[?25h\\x1b[?1049l")
"""


@pytest.mark.parametrize(
    "program",
    [
        NOT_GIVEN_BACK.format("tty.setcbreak(0)"),
        NOT_GIVEN_BACK.format("sys.exit()"),
        NOT_GIVEN_BACK.partition("{}")[0] + "sys.stderr.write('\\x1b[?1049l')",
    ],
    ids=["its modes", "its first screen", "its cursor"],
)
def test_a_terminal_that_is_not_given_back_is_noticed(program: str) -> None:
    with Terminal("-c", program) as terminal:
        assert terminal.end() == 0
        assert not terminal.is_given_back()


def test_a_server_is_watched_and_stopped() -> None:
    with Terminal("-m", "twophase", "serve", "--watch", "--port", "0") as terminal:
        terminal.until(lambda screen: "running" in screen and "Requests: 0" in screen)
        terminal.press(" ")
        terminal.until(lambda screen: "frozen" in screen)
        terminal.press("q")

        assert terminal.end() == 0
        assert terminal.is_given_back()
        assert terminal.process.stdout is not None
        assert b"export AWS_ENDPOINT_URL=" in terminal.process.stdout.read()


def test_a_server_that_runs_is_watched_from_outside() -> None:
    with (
        local_dynamodb(seed=1, control=True) as server,
        Terminal(
            *("-m", "twophase", "status", "--watch", "--interval", "0.1", "--url", server.url)
        ) as terminal,
    ):
        server.client().list_tables()
        terminal.until(lambda screen: "Requests: 1" in screen and "ListTables" in screen)
        terminal.press("q")

        assert terminal.end() == 0
        assert terminal.is_given_back()
