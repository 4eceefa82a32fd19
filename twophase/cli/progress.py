"""Progress bars on standard error, while something goes on; gone afterwards."""

from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

PATIENCE_SECONDS = 0.3  # What is over so soon needs no bar.


class PatientBar:
    """A bar that appears once it takes long enough to wonder, and goes when all is done."""

    def __init__(self, *columns: ProgressColumn) -> None:
        self._began = perf_counter()
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self._began

    def is_shown(self) -> bool:
        """Appear, if it is time to."""
        if not self._shown and self.seconds >= PATIENCE_SECONDS:
            self._shown = True
            self._bar.start()
        return self._shown


class Bar(PatientBar):
    """Shows how much is done of what there is to do."""

    def __init__(self, what: str) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._task = self._bar.add_task(what, total=None)

    def show(self, begun: int, total: int) -> None:
        """Take how far the run has come; a `sim.course.Progress`."""
        if self.is_shown():
            self._bar.update(self._task, completed=begun, total=total)
