"""A progress bar on standard error, while a history is judged; gone afterwards."""

from time import perf_counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twophase.cli.progress import PATIENCE_SECONDS


class CheckBar:
    """Shows how much of a file was read, and then what is being done with it."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("reading", total=None)
        self._shown = False

    def __enter__(self) -> "CheckBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """Take what is being done, and how much of it; a total of 0 is unknown."""
        if not self._shown:
            if perf_counter() - self._began < PATIENCE_SECONDS:
                return
            self._shown = True
            self._bar.start()
        self._bar.update(self._task, description=what, completed=done, total=total or None)
