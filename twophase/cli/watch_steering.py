"""What the keys of a watched run do: pause, one step, on to a decision, to the end, the speed."""

from collections.abc import Callable
from enum import Enum

from sim.trace import Event
from twophase.cli.watch_keys import Wish
from twophase.cli.watch_pace import Pace


class Mode(Enum):
    """What the run does, for who watches it."""

    SETTING_UP = "setting up"
    RUNNING = "running"
    PAUSED = "paused"
    STEPPING = "one step"
    DECIDING = "to the next decision"
    ENDING = "to the end"
    CHECKING = "checking"
    ENDED = "ended"


class Steering:
    """When the next event may happen, by what was pressed so far."""

    def __init__(
        self, speed: float, clock: Callable[[], float], decisions: Callable[[], int]
    ) -> None:
        """Begin with the set-up; `decisions` says how many there are by now."""
        self.mode, self.pace = Mode.SETTING_UP, Pace(speed, clock)
        self.has_help = self.has_quit = False
        self._clock, self._decisions = clock, decisions
        self._steps = 0  # Messages that may still be delivered.
        self._decided = 0  # As many decisions there were when the next one was asked for.
        self._us = 0  # Of the last event that happened.

    def begin(self, us: int) -> None:
        """End the set-up: from here on there is something to see."""
        self.mode, self._us = Mode.RUNNING, us
        self.pace.begin(us)

    def may_happen(self, event: Event) -> bool:
        """Say whether an event may happen now; a step and a way to a decision may end with it."""
        match self.mode:
            case Mode.PAUSED:
                return False
            case Mode.RUNNING:
                return self._clock() >= self.pace.due(event.us)
            case Mode.STEPPING if event.name == "message.delivered":
                self._steps -= 1
                if self._steps < 0:
                    self.mode = Mode.PAUSED
                return self._steps >= 0
            case Mode.DECIDING if self._decisions() > self._decided:
                self.mode = Mode.PAUSED
                return False
            case _:
                return True

    def happens(self, us: int) -> None:
        """Note that an event happens now."""
        if self.mode is Mode.RUNNING:
            self.pace.passed(us)
        self._us = us

    def due(self, event: Event) -> float | None:
        """Say until when an event is waited for on the wall's clock; None if a key is."""
        return self.pace.due(event.us) if self.mode is Mode.RUNNING else None

    def heed(self, wish: Wish) -> None:
        """Do what a key asks for."""
        match wish:
            case Wish.PAUSE:
                self._go(Mode.RUNNING if self.mode is Mode.PAUSED else Mode.PAUSED)
            case Wish.STEP:
                # A key that is held down may come again before its step is done.
                self._steps = 1 if self.mode is not Mode.STEPPING else self._steps + 1
                self._go(Mode.STEPPING)
            case Wish.DECISION:
                self._decided = self._decisions()
                self._go(Mode.DECIDING)
            case Wish.END:
                self._go(Mode.ENDING)
            case Wish.FASTER:
                self.pace.faster()
            case Wish.SLOWER:
                self.pace.slower()
            case Wish.HELP:
                self.has_help = not self.has_help
            case Wish.QUIT:
                self.has_quit = True
            case Wish.OTHER:
                pass

    def _go(self, mode: Mode) -> None:
        self.mode = mode
        self.pace.begin(self._us)
