"""Where commands draw: terminals of any width, and of none."""

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from network.events import EVENTS
from twophase.cli.main import main
from twophase.cli.summary import MARKS_WIDTH, mark_grid


def twophase(*words: str, columns: int) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, list(words))


def test_a_terminal_that_does_not_know_its_width_has_80_columns() -> None:
    unknown = twophase("scenarios", columns=0)

    assert unknown.stdout
    assert unknown.stdout == twophase("scenarios", columns=80).stdout


@pytest.mark.parametrize("columns", [30, 40, 50, MARKS_WIDTH - 1, MARKS_WIDTH, 80])
def test_what_a_mark_means_is_not_squeezed_beside_its_name(columns: int) -> None:
    console = Console(width=columns, highlight=False)
    with console.capture() as captured:
        console.print(mark_grid(console, [("never", mark, "") for mark in EVENTS]))
    lines = captured.get().splitlines()

    assert max(map(len, lines)) <= columns
    assert len(lines) < 7 * len(EVENTS)
    assert "\n".join(lines).count("never") == len(EVENTS)
