"""The two files that a run can leave, both JSON lines: its trace, and the history of its clients.

Written beside their place under a temporary name and renamed at the end, so that whoever finds one
has a whole one; a run that does not come to its end leaves nothing.  What is there and is no
ordinary file, a pipe or a terminal, is written to as it stands.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path
from typing import Any, TextIO

from network.messages import from_frame
from sim.history import History
from sim.trace import FATES, Event
from twophase.cli.as_json import dumps
from twophase.cli.errors import BadInputError
from twophase.cli.plain import binaries_as_text, plain
from twophase.os_errors import why

TOML = ".toml"


def refuse_same_file(paths: Mapping[str, str | None]) -> None:
    """Refuse two options that name one file.

    Raises:
        BadInputError: Naming both.
    """
    for (one, first), (other, second) in combinations(paths.items(), 2):
        if first is not None and second is not None and same_file(first, second):
            raise BadInputError(f"{one} and {other} name the same file: give them one each")


def refuse_run_itself(run: str, paths: Mapping[str, str | None]) -> None:
    """Refuse an option that names the file of the very run that it is to write of.

    Raises:
        BadInputError: Naming it.
    """
    for option, path in paths.items():
        if path is not None and os.path.isfile(run) and same_file(run, path):
            raise BadInputError(f"{option} names the run itself, {path!r}: give it another name")


def refuse_unreadable(option: str, path: str | None) -> None:
    """Refuse a name under which no command would read a scenario again.

    Raises:
        BadInputError: Saying how it is to end.
    """
    if not path or path.endswith(TOML) or (os.path.exists(path) and not os.path.isfile(path)):
        return
    raise BadInputError(f"{option} writes a scenario, and the name of one ends in {TOML}: {path!r}")


def same_file(first: str, second: str) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


class LinesFile:
    """A file of JSON lines while it is being written.

    An error while a run goes on must not be met inside it, where it would be a bug of the node that
    happens to be at work: it is kept, and raised at the end.
    """

    def __init__(self, what: str, path: str, file: TextIO) -> None:
        self.what, self.path = what, path
        self._file = file
        self._error: OSError | None = None
        self.is_wanted = True  # Else nothing is left at its place.

    def write(self, line: dict[str, Any]) -> None:
        if self._error is None:
            try:
                self._file.write(f"{dumps(line)}\n")
            except OSError as error:
                self._error = error

    def close(self) -> None:
        """Finish the file.

        Raises:
            BadInputError: It could not be written to its end.
        """
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error
        if self._error is not None:
            raise cannot(self.what, self.path, why(self._error))


@contextmanager
def lines_file(what: str, path: str | None) -> Iterator[LinesFile | None]:
    """Open a file for a run, and put it in its place if the run comes to its end.

    Raises:
        BadInputError: It cannot be written there.
    """
    if path is None:
        yield None
        return
    try:
        target, writing = places_of(what, path)
        file = writing.open("w", encoding="ascii", newline="\n")
    except OSError as error:
        raise cannot(what, path, why(error)) from error
    lines = LinesFile(what, path, file)
    try:
        yield lines
        lines.close()
        if writing != target:
            if lines.is_wanted:
                writing.replace(target)
            else:
                writing.unlink()
    except BaseException:
        with suppress(OSError):  # What is still buffered may have no place either.
            file.close()
        if writing != target:
            writing.unlink(missing_ok=True)
        raise


class TextFile:
    """A file that is written at once, when everything is known; nothing is left without a text."""

    def __init__(self) -> None:
        self.text = ""


@contextmanager
def text_file(what: str, path: str | None) -> Iterator[TextFile | None]:
    """Look whether a text can be written, and write it in the end, if there is one.

    Raises:
        BadInputError: It cannot be written there.
    """
    if path is None:
        yield None
        return
    try:
        target, writing = places_of(what, path)
        if writing != target:
            writing.touch()
    except OSError as error:
        raise cannot(what, path, why(error)) from error
    file = TextFile()
    try:
        yield file
        if file.text:
            writing.write_text(file.text, encoding="utf-8", newline="\n")
            if writing != target:
                writing.replace(target)
    except OSError as error:
        raise cannot(what, path, why(error)) from error
    finally:
        if writing != target:
            writing.unlink(missing_ok=True)


def places_of(what: str, path: str) -> tuple[Path, Path]:
    """Return where a file is to be in the end, and where it is while it is being written."""
    if not path:
        raise BadInputError(f"--{what} takes the name of a file to write")
    place = Path(path)
    if place.is_dir():
        raise cannot(what, path, "it is a directory; give a file's name")
    if place.exists() and not place.is_file():
        return place, place
    target = Path(os.path.realpath(place))
    if not target.parent.is_dir():
        raise cannot(what, path, f"there is no directory {str(target.parent)!r}")
    if target.exists() and not os.access(target, os.W_OK):
        raise cannot(what, path, "the file that is there is write-protected")
    return target, target.with_name(f".{target.name}.{os.getpid()}.partial")


def cannot(what: str, path: str, because: str) -> BadInputError:
    return BadInputError(f"the {what} cannot be written to {path!r}: {because}")


class TraceFile:
    """Writes every event of a run, one a line; a `sim.trace.Listener`."""

    def __init__(self, lines: LinesFile) -> None:
        self._lines = lines

    def __call__(self, event: Event) -> None:
        self._lines.write({"us": event.us, "event": event.name, **told(event)})


def told(event: Event) -> dict[str, Any]:
    """Return an event's particulars as JSON has them."""
    fields = event.fields
    if event.name.startswith("message."):
        return told_message(event)
    if event.name == "change.durable":
        changes = plain(fields["changes"])
        if changes["holding"] is None:  # All but splits leave a partition's range as it is.
            del changes["holding"]
        if changes["streams"] is None:  # Nor is there a stream everywhere.
            del changes["streams"]
        return {"host": fields["host"], **changes}
    return {name: binaries_as_text(value) for name, value in fields.items()}


def told_message(event: Event) -> dict[str, Any]:
    fields = event.fields
    link, envelope = fields["link"], from_frame(fields["frame"])
    line: dict[str, Any] = {
        "link": f"{link.source}>{link.target}",
        "n": fields["number"],
        "kind": type(envelope.message).__name__,
    }
    match event.name:
        case "message.sent":
            line["fate"] = FATES[fields["fate"]]
            line["id"] = envelope.number
            line["reply_to"] = envelope.reply_to or None
            line["message"] = plain(envelope.message)
        case "message.lost":
            line["because"] = fields["because"]
        case _:
            pass
    return line


def write_history(lines: LinesFile, history: History) -> None:
    """Write every operation that clients saw, in the order of their answers."""
    for operation in history:
        lines.write(
            {
                "process": operation.client,
                "f": operation.name,
                "call": operation.call,
                "request": operation.request,
                "invoked_us": operation.invoked_us,
                "returned_us": operation.returned_us,
                "outcome": operation.outcome,
                "status": operation.status or None,
                "answer": operation.answer,
                "attempts": operation.attempts,
            }
        )
