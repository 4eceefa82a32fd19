"""A trace file, read back as the events of its run, so that who listens to runs can read traces.

The inverse of how traces are written (docs/trace.md): messages and changes are made of JSON again,
by the annotations of their classes.  What JSON cannot tell apart stays as it is: a binary inside a
client's request remains its base64.
"""

import dataclasses
import json
import types
import typing
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from items.data import data
from items.errors import DynamoDBError
from items.typed_json import from_json, item_from_json
from items.values import AttributeValue, Item
from network.events import EVENTS, FAULTS
from network.ids import Timestamp
from network.messages import MESSAGES, Envelope, Message
from partition.storage import Changes
from sim.trace import FATES, Event

Read: TypeAlias = Callable[[Any], Any]
Progress: TypeAlias = Callable[[int, int], None]  # Bytes that were read, of how many.

PROGRESS_LINES = 1_000
NONSENSE = (  # What comes of reading what no run has written.
    ArithmeticError,
    AssertionError,
    AttributeError,
    DynamoDBError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

FATES_BY_NAME = {name: fate for fate, name in FATES.items()}
KINDS = {cls.__name__: cls for cls in MESSAGES}


class TraceError(ValueError):
    """A file that is no trace, with the line that shows it."""


@data
class Link:
    """One direction between two hosts, as far as a trace tells of it."""

    source: str
    target: str


def read_trace(path: str, progress: Progress | None = None) -> Iterator[Event]:
    """Read the events of a trace file, one after another.

    Raises:
        TraceError: It cannot be read, or a line of it is no event.
    """
    try:
        with Path(path).open(encoding="utf-8") as lines:
            size = Path(path).stat().st_size
            yield from events_of(path, _counted(lines, size, progress) if progress else lines)
    except UnicodeDecodeError as error:
        raise TraceError(f"the trace {path!r} cannot be read: it is not UTF-8") from error
    except OSError as error:
        raise TraceError(f"the trace {path!r} cannot be read: {error.strerror}") from error


def _counted(lines: Iterable[str], size: int, progress: Progress) -> Iterator[str]:
    done = 0
    for number, line in enumerate(lines):
        done += len(line)  # A trace is ASCII: a letter is a byte.
        if number % PROGRESS_LINES == 0:
            progress(done, size)
        yield line


def events_of(name: str, lines: Iterable[str]) -> Iterator[Event]:
    """Read events from lines of JSON.

    Raises:
        TraceError: Naming the first line that is none.
    """
    seen = 0
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            event = None if is_of_regions(told) else event_of(told)
        except NONSENSE as error:
            raise TraceError(
                f"line {number} of {name!r} is no event of a trace as `twophase simulate --trace`"
                f" writes them: {reason(error)}"
            ) from error
        if event is None:
            raise TraceError(
                f"the trace {name!r} is of a run of several regions, and a report shows one cluster"
            )
        seen += 1
        yield event
    if not seen:
        raise TraceError(f"the trace {name!r} is empty")


def reason(error: Exception) -> str:
    """Say what a line lacks, without the words of Python."""
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON, or was cut off"
    if type(error) is ValueError and "integer string conversion" in str(error):
        return "it has a number of too many digits"
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}"
    if isinstance(error, TypeError | IndexError | AttributeError):
        return "a part of it is of another type than it should be"
    return str(error)


def is_of_regions(line: Any) -> bool:
    """Say whether a line says in which of several regions it happened, as all of such a run do."""
    return isinstance(line, dict) and "region" in line


def event_of(line: Mapping[str, Any]) -> Event:
    """Make an event of one line."""
    us, name = line["us"], read_as(str, line["event"])
    if type(us) is not int or us < 0:
        raise ValueError(f"its 'us' is to be a whole number of µs, not {us!r}")
    if name.startswith("message."):
        return Event(us, name, _message(name, line))
    if name == "change.durable":
        changes = read_as(Changes, {"holding": None, "streams": None, **line})
        return Event(us, name, {"host": read_as(str, line["host"]), "changes": changes})
    if name not in EVENTS and name not in FAULTS:
        raise ValueError(f"there is no event {name!r}")
    fields = {key: value for key, value in line.items() if key not in ("us", "event")}
    return Event(us, name, fields)


def _message(name: str, line: Mapping[str, Any]) -> dict[str, Any]:
    source, arrow, target = read_as(str, line["link"]).partition(">")
    if not (source and arrow and target):
        raise ValueError(f"its 'link' is to be as in 'c1>p2', not {line['link']!r}")
    fields: dict[str, Any] = {"link": Link(source, target), "number": read_as(int, line["n"])}
    if name == "message.sent":
        message: Message = read_as(KINDS[line["kind"]], line["message"])
        number, reply_to = read_as(int, line["id"]), read_as(int | None, line["reply_to"])
        fields["frame"] = Envelope(source, number, reply_to or 0, message)
        fields["fate"] = FATES_BY_NAME[line["fate"]]
    elif name == "message.lost":
        fields["because"] = read_as(str, line["because"])
    elif name not in ("message.delivered", "message.held"):
        raise ValueError(f"there is no event {name!r}")
    return fields


# By annotations ----------------------------------------------------------------------------------


SPECIAL: dict[Any, Read] = {
    AttributeValue: from_json,
    Item: item_from_json,
    Timestamp: Timestamp.of,
    bytes: b64decode,
}

PLAIN = (str, int, bool)

_made: dict[Any, Read] = {}


def read_as(annotation: Any, value: Any) -> Any:
    """Make a value of this type of its JSON."""
    return _reader(annotation)(value)


def _reader(annotation: Any) -> Read:
    made = _made.get(annotation)
    if made is None:
        made = _made[annotation] = _make(annotation)
    return made


def _make(annotation: Any) -> Read:
    annotation = getattr(annotation, "__supertype__", annotation)  # Of what a NewType is.
    if annotation in SPECIAL:
        return SPECIAL[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _of_union(arguments)
    if origin is tuple:
        return _of_tuple(arguments)
    if annotation in PLAIN:
        return _of_plain(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _reader(arguments[1])
        return lambda values: {name: inner(value) for name, value in values.items()}
    if dataclasses.is_dataclass(annotation) or hasattr(annotation, "_fields"):
        return _of_record(annotation)
    return lambda value: value


def _of_plain(kind: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not kind:  # True is no whole number here.
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value

    return read


def _of_record(record: Any) -> Read:
    hints = typing.get_type_hints(record)
    names = getattr(record, "_fields", None) or [f.name for f in dataclasses.fields(record)]
    fields = [(name, _reader(hints[name])) for name in names]
    return lambda values: record(*[read(values[name]) for name, read in fields])


def _of_union(members: tuple[Any, ...]) -> Read:
    some = [member for member in members if member is not types.NoneType]
    if len(some) == 1:
        only = _reader(some[0])
        return lambda value: None if value is None else only(value)
    by_name = {member.__name__: _reader(member) for member in some}

    def read(value: Any) -> Any:
        if value is None:
            return None
        ((name, inner),) = value.items()
        return by_name[name](inner)

    return read


def _of_tuple(members: tuple[Any, ...]) -> Read:
    if len(members) == 2 and members[1] is Ellipsis:
        each = _reader(members[0])
        return lambda values: tuple([each(value) for value in values])
    readers = [_reader(member) for member in members]
    return lambda values: tuple([read(value) for read, value in zip(readers, values, strict=True)])
