"""What a file is that was given where another kind was asked for, and which command takes it.

A run can leave several files, and most of their names end in .jsonl: who mixes them up is told.
"""

import json
from pathlib import Path
from typing import Any

from items.data import data

FIRST_BYTES = 1 << 16  # Of a file: it shows by then what it is.


@data
class Kind:
    """A kind of file, known by how it begins."""

    what: str
    command: str  # That takes it.
    does: str  # What that comes to.
    begins: bytes = b""
    keys: frozenset[str] = frozenset()  # Of the JSON object that is its first line.

    def is_of(self, begin: bytes, keys: set[Any]) -> bool:
        return self.keys <= keys if self.keys else begin.startswith(self.begins)


KINDS = (
    Kind(
        "a trace",
        "report",
        "shows it, and with --elle writes what `twophase check` judges",
        keys=frozenset(("us", "event")),
    ),
    Kind(
        "what `twophase simulate --history` wrote",
        "report SCENARIO --elle",
        "writes a run's history as `twophase check` has it",
        keys=frozenset(("process", "request")),
    ),
    Kind("a proof", "verify-proof", "checks it", keys=frozenset(("proof",))),
    Kind(
        "a history as Jepsen has it",
        "check",
        "judges it",
        keys=frozenset(("process", "type")),
    ),
    Kind("a result file", "sweep --csv", "goes on with it", b"scenario,version,"),
)


def instead(path: str, asked: str = "") -> str:
    """Say what a file is, in words that follow a sentence of what is wrong with it.

    Empty if nobody knows, or if it is of the kind that the command which asked for it takes.
    """
    try:
        if not Path(path).is_file():  # A pipe would be waited for.
            return ""
        with open(path, "rb") as file:
            begin = file.read(FIRST_BYTES)
    except (OSError, ValueError):  # It was refused already, in a sentence that stands by itself.
        return ""
    keys = keys_of(begin.partition(b"\n")[0])
    kind = next((one for one in KINDS if one.is_of(begin, keys)), None)
    if kind is None or kind.command == asked:
        return ""
    return f"; the file is {kind.what}: `twophase {kind.command}` {kind.does}"


def keys_of(line: bytes) -> set[Any]:
    """Return the keys of a JSON object; none if the line is no such object."""
    try:
        return set(json.loads(line)) if line.startswith(b"{") else set()
    except (ValueError, RecursionError):  # Not JSON: of no kind that begins with an object.
        return set()
