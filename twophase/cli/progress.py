"""A progress bar on standard error, while a run goes on; gone afterwards."""

from time import perf_counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE_SECONDS = 0.3  # What is over so soon needs no bar.


class Bar:
    """Shows how much is done of what there is to do, once it takes long enough to wonder."""

    def __init__(self, what: str = "transactions") -> None:
        self._began = perf_counter()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(what, total=None)
        self._shown = False

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.stop()

    def show(self, begun: int, total: int) -> None:
        """Take how far the run has come; a `sim.run.Progress`."""
        if not self._shown:
            if perf_counter() - self._began < PATIENCE_SECONDS:
                return
            self._shown = True
            self._bar.start()
        self._bar.update(self._task, completed=begun, total=total)
