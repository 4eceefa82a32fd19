"""Progress bars: for people at a terminal, and for nobody else."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sim.report.builders import recording
from twophase.cli import progress
from twophase.cli.bars import plain_bar
from twophase.cli.files import TextFile
from twophase.cli.reporting import write_page


class Terminal(io.StringIO):
    """What a person has on their screen."""

    def isatty(self) -> bool:
        return True


@contextmanager
def terminal(patience_seconds: float = 0) -> Iterator[Terminal]:
    """Look at a terminal; in the test itself, since pytest has a standard error for each phase."""
    with pytest.MonkeyPatch.context() as patch:
        made = Terminal()
        patch.setattr(sys, "stderr", made)
        patch.setattr(progress, "PATIENCE_SECONDS", patience_seconds)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "80")
        yield made


def test_a_person_sees_how_far_it_is() -> None:
    with terminal() as screen, plain_bar("steps", as_json=False) as show:
        assert show is not None
        show(3, 7)

    assert "steps" in screen.getvalue()
    assert "3/7" in screen.getvalue()


def test_what_is_over_soon_needs_no_bar() -> None:
    with terminal(patience_seconds=3600) as screen, plain_bar("steps", as_json=False) as show:
        assert show is not None
        show(3, 7)

    assert screen.getvalue() == ""


def test_json_is_for_programs() -> None:
    with terminal(), plain_bar("steps", as_json=True) as show:
        assert show is None


def test_a_file_is_no_terminal() -> None:
    with plain_bar("steps", as_json=False) as show:
        assert show is None


def test_a_report_that_is_long_in_coming_says_how_far_it_is() -> None:
    file, again = TextFile(), TextFile()
    made = recording("bank", 1, {"workload.transactions": "5"})

    with terminal() as screen:
        write_page(file, made)
    with terminal() as unseen:
        write_page(again, made, as_json=True)

    assert "writing the report" in screen.getvalue()
    assert "6/6" in screen.getvalue()
    assert unseen.getvalue() == ""
    assert file.text == again.text
