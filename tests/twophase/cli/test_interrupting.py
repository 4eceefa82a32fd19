"""Ctrl-C and SIGTERM: the first one asks for an end, the next one does not ask."""

import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from twophase.cli.errors import INTERRUPTED
from twophase.cli.interrupting import interrupting, terminable


class Going:
    """Something that can be asked to end."""

    def __init__(self) -> None:
        self.asked = 0

    def interrupt(self) -> None:
        self.asked += 1

    def is_late(self) -> bool:
        return self.asked > 0


def test_the_first_one_asks() -> None:
    going = Going()

    with interrupting(going.interrupt, is_late=going.is_late):
        signal.raise_signal(signal.SIGINT)

    assert going.asked == 1


def test_the_second_one_ends_it_wherever_it_is() -> None:
    going = Going()

    with interrupting(going.interrupt, is_late=going.is_late):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert going.asked == 1


def test_where_it_is_too_late_to_ask_nobody_is_asked() -> None:
    going = Going()

    with pytest.raises(KeyboardInterrupt), interrupting(going.interrupt, is_late=lambda: True):
        signal.raise_signal(signal.SIGINT)

    assert going.asked == 0


@pytest.mark.filterwarnings("error")
def test_a_task_that_was_cut_off_before_it_began_is_no_news() -> None:
    async def task() -> None:
        """Never begin."""

    begun = task()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(KeyboardInterrupt), terminable():
            signal.raise_signal(signal.SIGINT)
        del begun

    assert not heard


def test_who_has_ctrl_c_ignored_is_not_ended() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_afterwards_it_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interrupting(lambda: None, is_late=lambda: False):
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_is_asking_as_well(number: signal.Signals) -> None:
    going = Going()

    with interrupting(going.interrupt, is_late=going.is_late):
        signal.raise_signal(number)

    assert going.asked == 1


def test_who_is_not_to_hear_a_hangup_does_not() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup does.
    try:
        going = Going()
        with interrupting(going.interrupt, is_late=going.is_late):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert going.asked == 0


def test_a_run_that_is_told_to_end_leaves_no_file(tmp_path: Path) -> None:
    words = ("simulate", "bank", "--set", "workload.transactions=1000000", "--trace", "trace.jsonl")
    run = subprocess.Popen([sys.executable, "-P", "-m", "twophase", *words], cwd=tmp_path)
    while not list(tmp_path.iterdir()):
        assert run.poll() is None
        time.sleep(0.05)
    run.terminate()

    assert run.wait(60) == INTERRUPTED
    assert list(tmp_path.iterdir()) == []
