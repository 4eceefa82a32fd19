"""How fast a run goes by for those who watch it: virtual seconds a second."""

from collections.abc import Callable

from twophase.cli.errors import BadInputError

# A message takes about a ms and a transaction some sixteen, one after the other: at this speed an
# arrow is on the screen for a tenth of a second, and a transaction for one or two.
SPEED = 0.01
SPEED_MIN, SPEED_MAX = 0.000_01, 1_000.0
STEP = 2.0
QUIET_SECONDS = 1.0  # No more is waited between two events: nothing can be seen meanwhile.
BEHIND_SECONDS = 0.25  # Whoever is slower than the speed asks for does not catch up in a rush.


class Pace:
    """When each event is due on the wall's clock, by when the one before it was."""

    def __init__(self, speed: float, clock: Callable[[], float]) -> None:
        self.speed, self._clock = speed, clock
        self._last_us, self._last_wall = 0, clock()

    def due(self, us: int) -> float:
        seconds = (us - self._last_us) / 1_000_000 / self.speed
        return self._last_wall + min(seconds, QUIET_SECONDS)

    def passed(self, us: int) -> None:
        """Note that an event happens now."""
        self._last_wall = max(self.due(us), self._clock() - BEHIND_SECONDS)
        self._last_us = us

    def begin(self, us: int) -> None:
        """Count from here and now."""
        self._last_us, self._last_wall = us, self._clock()

    def faster(self) -> None:
        self.speed = min(SPEED_MAX, self.speed * STEP)

    def slower(self) -> None:
        self.speed = max(SPEED_MIN, self.speed / STEP)


def number_within(text: str, least: float, most: float) -> float | None:
    """Read a number; None if there is none, or it is out of bounds."""
    # `float` takes other scripts' digits, `1_0` and blanks as well.
    if not text.isascii() or "_" in text or text != text.strip():
        return None
    try:
        number = float(text)
    except ValueError:  # Told like one that is out of bounds: by which ones would do.
        return None
    return number if least <= number <= most else None


def speed_of(text: str) -> float:
    """Read `--speed`.

    Raises:
        BadInputError
    """
    speed = number_within(text, SPEED_MIN, SPEED_MAX)
    if speed is None:
        raise BadInputError(
            f"--speed is virtual seconds a second, from {SPEED_MIN:.5f} to {SPEED_MAX:,.0f},"
            f" as in --speed {SPEED}, not {text!r}"
        )
    return speed
