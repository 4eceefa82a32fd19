"""A progress bar on standard error, while a sweep goes on; gone afterwards."""

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from sim.search.results import Results
from twophase.cli.progress import PatientBar


class SweepBar(PatientBar):
    """Shows how many runs are done, how fast they go, and what was found so far."""

    def __init__(self, runs: int, results: Results) -> None:
        super().__init__(
            TextColumn("seeds"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
        )
        self._results, self._total = results, runs
        self._known = results.runs + results.not_set_up.runs
        self._task = self._bar.add_task("seeds", total=runs, completed=self._known, said="")

    def show(self) -> None:
        """Look at how far the sweep has come; a `sim.search.sweep.Watch`."""
        if not self.is_shown():
            return
        results = self._results
        done = results.runs + results.not_set_up.runs
        found = results.failed
        findings = Text(f"{found:,} with findings", style="bold red" if found else "green")
        speed = (done - self._known) / self.seconds
        said = f"{done:,} of {self._total:,}  {speed:,.0f}/s  "
        self._bar.update(self._task, completed=done, said=f"{said}[{findings.style}]{findings}[/]")
