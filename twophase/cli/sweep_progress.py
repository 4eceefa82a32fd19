"""A progress bar on standard error, while a sweep goes on; gone afterwards."""

from time import perf_counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from sim.search.results import Results
from twophase.cli.progress import PATIENCE_SECONDS


class SweepBar:
    """Shows how many runs are done, how fast they go, and what was found so far."""

    def __init__(self, runs: int, results: Results) -> None:
        self._results, self._total = results, runs
        self._began = perf_counter()
        self._known = results.runs + results.not_set_up.runs
        self._bar = Progress(
            TextColumn("seeds"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("seeds", total=runs, completed=self._known, said="")
        self._shown = False

    def __enter__(self) -> "SweepBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._bar.stop()

    def show(self) -> None:
        """Look at how far the sweep has come; a `sim.search.sweep.Watch`."""
        results, seconds = self._results, perf_counter() - self._began
        if not self._shown:
            if seconds < PATIENCE_SECONDS:
                return
            self._shown = True
            self._bar.start()
        done = results.runs + results.not_set_up.runs
        found = results.failed
        findings = Text(f"{found:,} with findings", style="bold red" if found else "green")
        said = f"{done:,} of {self._total:,}  {(done - self._known) / seconds:,.0f}/s  "
        self._bar.update(self._task, completed=done, said=f"{said}[{findings.style}]{findings}[/]")
