"""A progress bar on standard error, while a history is judged; gone afterwards."""

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twophase.cli.progress import PatientBar


class CheckBar(PatientBar):
    """Shows how much of a file was read, and then what is being done with it."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        self._task = self._bar.add_task("reading", total=None)

    def show(self, what: str, done: int, total: int) -> None:
        """Take what is being done, and how much of it; a total of 0 is unknown."""
        if self.is_shown():
            self._bar.update(self._task, description=what, completed=done, total=total or None)
