"""The result file of a sweep: one line a run, appended as chunks come back, to be gone on with.

A sweep that was killed leaves at most one torn line, the last one, which the next sweep drops.  A
file of another scenario, of other `--set` keys or of another version of the code is refused: what
other code has run says nothing about this one.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sim.search.cells import COLUMNS, cells_of, row_of_cells
from sim.search.origin import origin_of
from sim.search.plan import Plan
from sim.search.rows import Row

try:
    import fcntl
except ImportError:  # Not on this system: two sweeps on one file are then for people to avoid.
    fcntl = None  # type: ignore[assignment]  # As it says.

LINE_MAX = 100_000  # Characters; whoever has a longer line is no result file.


class ResultFileError(ValueError):
    """A file that this sweep cannot go on with; the text says why, and what to do."""


class ResultFile:
    """A result file, open for one sweep."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path, self._plan, self._origin = path, plan, origin_of(plan)
        self._header = ["scenario", "version", *self._origin.columns, *COLUMNS]
        self._combinations = {tuple(one.values()): n for n, one in enumerate(plan.settings)}
        self._file = path.open("a+b", buffering=0)
        try:
            self._lock()
        except ResultFileError:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Return the runs of this sweep that the file has; what is torn is cut off.

        Raises:
            ResultFileError: It is no result file, or not one of a sweep like this.
        """
        try:
            # Looked at before anything is cut off: it may be somebody else's file.
            if self._begins():
                self._cut_torn_line()
                yield from self._read()
            else:
                self._write([self._header])
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._not_ours() from error

    def keep(self, rows: list[Row]) -> None:
        """Append runs, in one write: what is in the file is whole lines, but for the last.

        Raises:
            ResultFileError: The file takes no more; what it has is there for another sweep.
        """
        self._write([self._line(row) for row in rows])

    def _line(self, row: Row) -> list[str]:
        given = self._plan.settings[row.combination].values()
        return [self._origin.scenario, self._origin.version, *given, *cells_of(row)]

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ResultFileError(
                f"{self._path} is being written by another sweep: wait for it, or name another file"
            ) from error

    def _begins(self) -> bool:
        """Say whether the file has its header; one that is torn is cut off.

        Raises:
            ResultFileError: It begins with something else.
        """
        self._file.seek(0)
        line = self._file.readline(LINE_MAX)
        if not line.endswith(b"\n"):
            if not _written([self._header]).startswith(line):
                raise self._not_ours()
            self._file.truncate(0)
            return False
        header = next(csv.reader([line.decode()]))
        if header[:2] != ["scenario", "version"] or COLUMNS[0] not in header:
            raise self._not_ours()
        keys_end = header.index(COLUMNS[0])
        if tuple(header[keys_end:]) != COLUMNS:
            raise ResultFileError(
                f"{self._path} has results of another version of the code, which keeps other"
                " columns: name another file"
            )
        given = tuple(header[2:keys_end])
        if given != self._origin.columns:
            raise ResultFileError(
                f"{self._path} is of a sweep with {_listed(given)}, and this one has"
                f" {_listed(self._origin.columns)}: name another file"
            )
        return True

    def _cut_torn_line(self) -> None:
        size = self._file.seek(0, io.SEEK_END)
        place, tail = size, b""
        while b"\n" not in tail:  # The header ends with one.
            step = min(place, 8_192)
            place -= step
            self._file.seek(place)
            tail = self._file.read(step) + tail
        self._file.truncate(place + tail.rindex(b"\n") + 1)

    def _read(self) -> Iterator[Row]:
        with self._path.open(encoding="utf-8", newline="") as text:
            lines = csv.reader(iter(partial(text.readline, LINE_MAX), ""))
            next(lines)
            for number, cells in enumerate(lines, 2):
                row = self._row(number, cells)
                if row is not None:
                    yield row

    def _row(self, number: int, cells: list[str]) -> Row | None:
        """Read a line; None where it is of a combination or seed that this sweep does not run."""
        try:
            named: Mapping[str, str] = dict(zip(self._header, cells, strict=True))
            difference = self._origin.difference(named["scenario"], named["version"])
            given = tuple(named[key] for key in self._origin.columns)
            row = row_of_cells(self._combinations.get(given, 0), named)
        except ValueError as error:
            raise ResultFileError(
                f"{self._path}, line {number}, is no line of a result file: repair it, or name"
                " another file"
            ) from error
        if difference:
            raise ResultFileError(f"{self._path} has results of {difference}: name another file")
        return row if given in self._combinations and self._plan.is_within(row.seed) else None

    def _write(self, lines: list[list[str]]) -> None:
        left = memoryview(_written(lines))
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise ResultFileError(f"{self._path} cannot be written: {error.strerror}") from error

    def _not_ours(self) -> ResultFileError:
        return ResultFileError(f"{self._path} is no result file of a sweep: name another file")


def _written(lines: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def _listed(keys: tuple[str, ...]) -> str:
    return f"--set of {', '.join(keys)}" if keys else "no --set"
