"""How far a walk has come, on standard error; gone afterwards.

Nobody knows how many states there are, so there is no bar: only what has been seen.
"""

from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from twophase.cli.progress import PatientBar


class WalkBar(PatientBar):
    """Shows how many states were seen, how many wait to be looked at, and how deep the walk is."""

    def __init__(self, world: str) -> None:
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.description}  {task.fields[said]}"),
            TimeElapsedColumn(),
        )
        self._task = self._bar.add_task(world, total=None, said="")

    def show(self, states: int, waiting: int, depth: int) -> None:
        """Take how far the walk has come; a `sim.search.explore.walk.Progress`."""
        if self.is_shown():
            speed = states / self.seconds
            said = f"{states:,} states, {waiting:,} to look at, depth {depth}, {speed:,.0f}/s"
            self._bar.update(self._task, said=said)
