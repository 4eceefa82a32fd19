"""Reads a history of any system: one JSON object a line, as Jepsen and Elle have it.

    {"index":0,"type":"invoke","process":3,"f":"txn","value":[["append","x",1],["r","y",null]]}
    {"index":1,"type":"ok","process":3,"f":"txn","value":[["append","x",1],["r","y",[1,2]]]}

The order of the lines is real time.  A process asks for one transaction at a time; its next `ok`,
`fail` or `info` says what became of it, and one that nothing is said of is unknown, like `info`.
What is not such a history is refused with the number of the line.
"""

import json
import sys
from array import array
from collections.abc import Callable, Iterator
from math import isinf
from typing import Any, BinaryIO, NoReturn

from sim.checkers.graph.txn import (
    APPEND,
    FAIL,
    FALSE,
    INFO,
    OK,
    READ,
    TRUE,
    WRITE,
    Key,
    Op,
    Txn,
    shortened,
)

LINE_BYTES_MAX = 16 << 20
TRANSACTIONS_MAX = 10_000_000
OPS_MAX = 10_000  # Of one transaction.
PROGRESS_LINES = 4_096

INVOKE = "invoke"
ENDS = (OK, FAIL, INFO)
NEMESIS = "nemesis"  # Jepsen's troublemaker; its lines are no transactions.
WHOLE = '{"index":0,"type":"invoke","process":3,"f":"txn","value":[["append","x",1]]}'
EDN = b"{:"  # How a line begins that Jepsen has written.
PACKED = "compressed with {0}: unpack it, or pipe it, as in `{0} -dc FILE | twophase check -`"
UTF_16 = "UTF-16, where UTF-8 is asked for"
OTHERS = {  # What a file is that is no UTF-8, by how it begins.
    b"\x1f\x8b": PACKED.format("gzip"),
    b"\xfd7zXZ\0": PACKED.format("xz"),
    b"\x28\xb5\x2f\xfd": PACKED.format("zstd"),
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
}

Progress = Callable[[int], None]
Asked = tuple[int, int, list[Op]]  # Place in real time, line, operations.


class MalformedError(Exception):
    """Says which line is no part of a history, and what would be right."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")


class NoNumberError(ValueError):
    """A text that JSON's parser takes for a number, and we do not."""


class HistoryReader:
    """Yields the transactions of a file as they end."""

    def __init__(self, file: BinaryIO, progress: Progress = lambda _: None) -> None:
        self._file, self._progress = file, progress
        self._line = 0
        self._place = -1
        self._asked: dict[Key, Asked] = {}  # By process.
        self.lines = array("i")  # Of each transaction yielded, the line of its invocation …
        self.ends = array("i")  # … and of its end; the same if it has none.

    def __iter__(self) -> Iterator[Txn]:
        decode = json.JSONDecoder(parse_constant=self._no_number, parse_float=self._float).decode
        size = 0
        while raw := self._file.readline(LINE_BYTES_MAX + 1):
            self._line += 1
            size += len(raw)
            if not self._line % PROGRESS_LINES:
                self._progress(size)
            if len(raw) > LINE_BYTES_MAX:
                self._refuse(f"longer than {LINE_BYTES_MAX:,} bytes; each line is one JSON object")
            if raw.isspace():
                continue
            ended = self._taken(self._parsed(raw, decode))
            if ended is not None:
                yield ended
        for place, line, ops in self._asked.values():
            self.lines.append(line)
            self.ends.append(line)
            yield Txn(place, ops, place, None, INFO)

    def _parsed(self, raw: bytes, decode: Callable[[str], Any]) -> dict[str, Any]:
        try:
            parsed = decode(raw.decode("utf-8-sig" if self._line == 1 else "utf-8"))
        except UnicodeDecodeError:
            first = OTHERS.items() if self._line == 1 else ()
            self._refuse(next((what for mark, what in first if raw.startswith(mark)), "not UTF-8"))
        except (ValueError, RecursionError) as error:
            if raw.lstrip().startswith(EDN):
                self._refuse(
                    "EDN, which is for Elle alone; a history is lines of JSON, as `twophase report"
                    " … --elle` writes to a file whose name does not end in .edn"
                )
            because = str(error)
            if isinstance(error, json.JSONDecodeError):  # Its own line is that of this one line.
                because = f"{error.msg}, column {min(error.pos, len(error.doc.rstrip())) + 1}"
            elif isinstance(error, ValueError) and not isinstance(error, NoNumberError):
                because = f"a whole number has {sys.get_int_max_str_digits():,} digits at most"
            self._refuse(f"not JSON ({because}); each line is one object, as in {WHOLE}")
        if parsed.__class__ is not dict:
            self._refuse(f"not a JSON object; each line is one, as in {WHOLE}")
        return parsed

    def _taken(self, entry: dict[str, Any]) -> Txn | None:
        """Take one line; return the transaction that ends with it."""
        process = entry.get("process")
        if process == NEMESIS:
            return None
        if process.__class__ not in (int, str):
            self._refuse(f"process must be a number or a text, not {told(process)}")
        kind = entry.get("type")
        place = self._placed(entry)
        if entry.get("f", "txn") != "txn":
            self._refuse(f'f must be "txn", not {told(entry["f"])}')
        asked = self._asked.get(process)
        if kind == INVOKE:
            if asked is not None:
                self._refuse(
                    f"process {told(process)} invokes a transaction, but that of line {asked[1]} "
                    "has not ended; it takes an ok, fail or info first"
                )
            self._asked[process] = (place, self._line, self._ops(entry.get("value")))
            return None
        if kind not in ENDS:
            self._refuse(f"type must be invoke, ok, fail or info, not {told(kind)}")
        if asked is None:
            self._refuse(
                f"process {told(process)} ends a transaction with {told(kind)}, but has invoked "
                "none; a line with type invoke comes first"
            )
        del self._asked[process]
        began, line, ops = asked
        if kind == OK:
            ops = self._answered(ops, entry.get("value"), line)
        if len(self.lines) >= TRANSACTIONS_MAX:
            self._refuse(f"more than {TRANSACTIONS_MAX:,} transactions; check a part of them")
        self.lines.append(line)
        self.ends.append(self._line)
        return Txn(began, ops, began, place if kind != INFO else None, kind)

    def _placed(self, entry: dict[str, Any]) -> int:
        """Return a line's place in real time: its index, or one more than the last line's."""
        place = entry.get("index", self._place + 1)
        if place.__class__ is not int:
            self._refuse(f"index must be a whole number, not {told(place)}")
        if place < 0:
            self._refuse(f"index must be 0 or more, not {told(place)}")
        if place <= self._place:
            self._refuse(
                f"index {place} follows index {self._place}; lines stand in the order of real "
                "time, their indices rising"
            )
        if place > 1 << 53:
            self._refuse("index must be 2^53 at most")
        time = entry.get("time")
        if time is not None and time.__class__ not in (int, float):
            self._refuse(f"time must be a number, not {told(time)}")
        self._place = place
        return place

    def _ops(self, value: Any) -> list[Op]:
        """Check what is invoked: reads, and writes with their values."""
        if value.__class__ is not list:
            self._refuse(
                f'value must be a list of operations, as in [["append","x",1],["r","y",null]], '
                f"not {told(value)}"
            )
        if len(value) > OPS_MAX:
            self._refuse(f"more than {OPS_MAX:,} operations in one transaction")
        ops = []
        for op in value:
            if op.__class__ is not list or len(op) != 3 or op[0] not in (READ, WRITE, APPEND):
                self._refuse(
                    'an operation is ["r", key, null], ["w", key, value] or '
                    f'["append", key, value], not {told(op)}'
                )
            f, key, written = op
            if key.__class__ is bool:
                key = TRUE if key else FALSE
            elif key.__class__ in (list, dict):
                self._refuse(f"a key is a text, a number, true, false or null, not {told(key)}")
            if f != READ and written.__class__ not in (int, str, float):
                self._refuse(
                    f"what is written must be a number or a text, and unique, not {told(written)}"
                )
            ops.append((f, key, written))
        return ops

    def _answered(self, asked: list[Op], value: Any, line: int) -> list[Op]:
        """Check that an ok answers what was invoked; return it with what was read."""
        if value.__class__ is not list or len(value) != len(asked):
            self._refuse(
                f"an ok has the {len(asked)} operations of its invocation (line {line}), with "
                f"the values that were read, not {told(value)}"
            )
        ops = []
        for before, op in zip(asked, value, strict=True):
            if op.__class__ is not list or len(op) != 3:
                self._refuse(f'an operation is ["r", key, value that was read], not {told(op)}')
            f, key, seen = op
            if key.__class__ is bool:
                key = TRUE if key else FALSE
            is_same = seen == before[2] and seen.__class__ is not bool
            if f != before[0] or key != before[1] or (f != READ and not is_same):
                self._refuse(
                    f"{told(op)} does not answer {told(list(before))}, which line {line} invoked"
                )
            if f == READ and seen.__class__ in (dict, bool):
                self._refuse(f"what is read is a value, a list or null, not {told(seen)}")
            ops.append((f, before[1], seen))
        return ops

    def _float(self, digits: str) -> float:
        number = float(digits)
        if isinf(number):
            self._no_number(digits)
        return number

    def _no_number(self, name: str) -> NoReturn:
        raise NoNumberError(f"{name} is no number that can be told from others")

    def _refuse(self, text: str) -> NoReturn:
        raise MalformedError(self._line, text)


def told(value: Any) -> str:
    """Write a value as it stood in the file, shortly."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str))
