"""`twophase simulate --watch`: a run, slowed down until a person can follow it.

The watcher listens to the run and waits between two events, on the wall's clock, which no node can
see: so a run that is watched is the same run, to the byte.  It waits *before* an event is told of,
so that the screen always shows all that came of the one before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol

import click
from rich.text import Text

from network.messages import Request, from_frame
from sim.cluster_run import Run
from sim.figures import SETTING_UP
from sim.result import Result
from sim.trace import Event
from sim.watch.watching import Watching
from twophase.cli.watch_keys import Wish
from twophase.cli.watch_layout import Size
from twophase.cli.watch_page import Shown, lines_of_page
from twophase.cli.watch_screen import Screen
from twophase.cli.watch_steering import Mode, Steering

FRAME_SECONDS = 1 / 15


class Keys(Protocol):
    """Where wishes come from."""

    is_closed: bool

    def wish(self, seconds: float) -> Wish | None: ...


class Display(Protocol):
    """Where pictures are shown."""

    def size(self) -> Size: ...

    def show(self, lines: Sequence[Text]) -> None: ...


class Watcher:
    """Shows a run while it goes on, at the speed that is wished; a `sim.trace.Listener`."""

    def __init__(
        self,
        run: Run,
        speed: float,
        display: Display,
        keys: Keys,
        *,
        title: str = "",
        broken: str = "",
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.watching = Watching()
        self.steering = Steering(speed, clock, self._decisions)
        self.failure: Exception | None = None  # Of the screen; the run is left for it.
        self._run, self._display, self._keys, self._clock = run, display, keys, clock
        self._title, self._broken = title, broken
        self._findings: tuple[str, ...] | None = None
        self._told = 0  # Operations of the history that have been looked at.
        self._drawn_at = clock()
        self._drawn: tuple[Size, Mode] | None = None
        self._is_stale = True
        run.listen(self)
        run.listen_to_phases(self._phase_ended)

    def __call__(self, event: Event) -> None:
        if self.failure is not None:
            return
        try:
            if self.steering.mode is Mode.SETTING_UP:
                self._look_for_clients(event)
            self._hold_back(event)
            self.watching(event)
            self._is_stale = True
        except Exception as error:  # noqa: BLE001  # Raised here, it would be a node's bug.
            self.failure = error
            self._run.course.interrupt()

    def _look_for_clients(self, event: Event) -> None:
        """Set up at full speed: what is to be seen begins with what clients ask for."""
        if event.name == "message.sent" and event.fields["link"].source[0] == "k":
            message = from_frame(event.fields["frame"]).message
            if isinstance(message, Request) and not is_setting_up(message.operation):
                self.steering.begin(event.us)

    def _hold_back(self, event: Event) -> None:
        """Wait until an event may happen, and do meanwhile what keys ask for."""
        steering = self.steering
        while not steering.may_happen(event) and not self._run.course.is_interrupted:
            self._wait(steering.due(event))
        steering.happens(event.us)
        if steering.mode is not Mode.SETTING_UP and self._clock() - self._drawn_at >= FRAME_SECONDS:
            self.draw()
            self._heed(self._keys.wish(0.0))

    def _wait(self, until: float | None) -> None:
        """Wait for a key, or as long as a frame lasts, or until a moment if that is sooner."""
        self.draw()
        seconds = FRAME_SECONDS if until is None else min(FRAME_SECONDS, until - self._clock())
        self._heed(self._keys.wish(max(0.0, seconds)))

    def _heed(self, wish: Wish | None) -> None:
        if wish is not None:
            self._is_stale = True
            self.steering.heed(wish)
            if self.steering.has_quit:
                self._run.course.interrupt()

    def _decisions(self) -> int:
        self._hear_answers()
        return self.watching.decisions

    def _hear_answers(self) -> None:
        history = self._run.history
        if len(history) > self._told:
            told, self._told = self._told, len(history)
            self.watching.answered(history.since(told))

    # What is shown ---------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw, if there is anything new to see."""
        size, self._drawn_at = self._display.size(), self._clock()
        seen = size, self.steering.mode
        if not self._is_stale and seen == self._drawn:
            return
        self._is_stale, self._drawn = False, seen
        self._hear_answers()
        run, steering = self._run, self.steering
        shown = Shown(
            picture=self.watching.picture(),
            title=self._title,
            broken=self._broken,
            mode=steering.mode.value,
            phase=self._phase(),
            speed=steering.pace.speed,
            begun=run.budget.begun,
            total=run.transactions,
            faults=run.faults_so_far(),
            findings=self._findings,
            has_help=steering.has_help,
        )
        self._display.show(lines_of_page(shown, size))

    def _phase(self) -> str:
        if self.steering.mode in (Mode.CHECKING, Mode.ENDED):
            return ""
        return "calm" if self._run.trouble_ended else "trouble"

    def _phase_ended(self, phase: str) -> None:
        """Show that the run is over and is being checked: a long one takes its time for that."""
        if phase == "calm":
            self.steering.mode = Mode.CHECKING
            self.draw()

    def end(self, result: Result) -> None:
        """Show what was found, until a key is pressed."""
        self.steering.mode, self._is_stale = Mode.ENDED, True
        self._findings = tuple(
            [f"{one.checker}: {one.kind}: {one.explanation}" for one in result.findings]
        )
        try:
            while not self._keys.is_closed:
                self.draw()
                wish = self._keys.wish(FRAME_SECONDS)
                if wish not in (None, Wish.HELP):
                    return
                self._heed(wish)
        except KeyboardInterrupt:  # A key as any other: there is nothing left to interrupt.
            return


def is_setting_up(operation: str) -> bool:
    """Say whether this is how a run begins: tables, and first items."""
    return operation in SETTING_UP or operation.endswith("Table")


@contextmanager
def watched(run: Run, speed: float, *, title: str, broken: str) -> Iterator[Watcher]:
    """Take the terminal over and show a run there, until this is left."""
    screen = Screen()
    watcher = Watcher(run, speed, screen, screen.keyboard, title=title, broken=broken)
    try:
        with screen:
            yield watcher
    except KeyboardInterrupt:
        if watcher.failure is not None and not isinstance(watcher.failure, OSError):
            raise watcher.failure from None
        if watcher.steering.has_quit:
            at = f"{watcher.watching.us / 1_000:,.3f} ms of virtual time"
            click.echo(f"twophase: left at {at}: nothing is judged", err=True)
        raise
