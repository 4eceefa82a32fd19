"""Ctrl-C: the first one asks for an end, the next one does not ask."""

import signal

import pytest

from twophase.cli.interrupting import interrupting


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


def test_afterwards_it_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)

    with interrupting(lambda: None, is_late=lambda: False):
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before
