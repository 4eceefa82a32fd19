"""A run's history as Jepsen and Elle have it: `twophase check`, and Elle itself, judge it.

    {"index":0,"type":"invoke","process":0,"f":"txn","value":[["w","accounts a","k1.1"]],"time":0}

Each item is a register, called by its table and key, and each write gives it a value that no other
write gives it: the `version` that workloads write, or the `value` of a listed world.  A delete
leaves a value that nobody reads.  Each entry of a batch is an operation of its own.  What cannot be
said so is left out: queries, and reads that do not show whose write it is that they see.  That
hides an anomaly at most, and never makes one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeAlias

from items.actions import Action, Delete, Put, Update
from items.to_json import to_json
from sim.checkers.dependencies import STATUS
from sim.checkers.entries import entries_of
from sim.checkers.evidence import SINGLETON_WRITES
from sim.checkers.graph.txn import INFO, OK, READ, WRITE
from sim.checkers.histories import INVOKE
from sim.checkers.model import UNFIT, Json, Model, Place, Step
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation, one_a_request

Op: TypeAlias = list[Any]  # As ["w", register, value].
Line: TypeAlias = dict[str, Any]

MARKS = ("version", "value")  # Attributes by which a reader says whose write it saw.
READS = ("GetItem", READ_TRANSACTION)
NS_OF_US = 1_000  # Jepsen's times are in nanoseconds.
KEYWORD = re.compile(r"[a-z]+")


def elle_lines(operations: Sequence[Operation]) -> Iterator[Line]:
    """Give a history's invocations and ends, in the order of real time.

    Calls that ask for the same under one token are one transaction, of a process of their own.
    """
    model = Model([one.request for one in operations if one.name == "CreateTable"])
    operations = one_a_request(_with_entries(operations, model))
    asked = dict(_asked(operations, model))
    processes: dict[str, int] = {}
    fresh = count()
    moments = _moments([one for one in operations if asked.get(one.place)])
    for index, (us, kind, operation) in enumerate(moments):
        process = processes.get(operation.client)
        if process is None:
            process = processes[operation.client] = next(fresh)
        ops = asked[operation.place]
        if kind != OK:
            ops = [[f, name, None if f == READ else value] for f, name, value in ops]
        yield {
            "index": index,
            "type": kind,
            "process": process,
            "f": "txn",
            "value": ops,
            "time": us * NS_OF_US,
        }
        if kind == INFO:  # Jepsen's processes do not go on after what nobody knows the end of.
            del processes[operation.client]


def as_json(lines: Iterable[Line]) -> Iterator[str]:
    """Write each line as JSON: what `twophase check` reads."""
    for line in lines:
        yield json.dumps(line, separators=(",", ":"))


def as_edn(lines: Iterable[Line]) -> Iterator[str]:
    """Write each line as EDN, as Jepsen's `history.edn` has it."""
    for line in lines:
        pairs = {**line, "value": [[_Keyword(op[0]), *op[1:]] for op in line["value"]]}
        pairs |= {name: _Keyword(line[name]) for name in ("type", "f")}
        yield "{" + ", ".join(f":{name} {_edn(value)}" for name, value in pairs.items()) + "}"


class _Keyword(str):
    """A text that EDN writes as a keyword, like :ok."""


def _edn(value: Any) -> str:
    if isinstance(value, _Keyword):
        assert KEYWORD.fullmatch(value), "a keyword needs no quotes"
        return f":{value}"
    if isinstance(value, list):
        return f"[{' '.join(map(_edn, value))}]"
    if value is None:
        return "nil"
    return json.dumps(value)  # A text or a whole number is written as in JSON.


# The order of real time --------------------------------------------------------------------------


def _moments(operations: Sequence[Operation]) -> Iterator[tuple[int, str, Operation]]:
    """Give each operation as it is asked for, and again as it ends.

    Of two that meet in one moment the asking comes first, so that neither precedes the other; but a
    client's next operation comes after its last one.  Whoever asks for the next one before the last
    one has ended does not wait for that any more, and nobody knows what came of it.
    """
    ended = {(one.client, one.returned_us) for one in operations}

    def when(moment: tuple[Operation, bool]) -> tuple[int, bool, bool, str, str]:
        one, is_end = moment
        is_next = (one.client, one.invoked_us) in ended
        us = one.returned_us if is_end else one.invoked_us
        return us, is_end, is_next, one.client, one.call

    both = ((one, is_end) for one in operations for is_end in (False, True))
    moments = sorted(both, key=when)
    going: dict[str, Operation] = {}
    for operation, is_end in moments:
        before = going.get(operation.client)
        if is_end:
            if before is operation:  # Else its end was given before the next one's begin.
                del going[operation.client]
                yield operation.returned_us, STATUS[operation.outcome], operation
            continue
        us = operation.invoked_us
        if before is not None:
            yield us, STATUS[before.outcome] if before.returned_us == us else INFO, before
        going[operation.client] = operation
        yield us, INVOKE, operation


# What was read and written -----------------------------------------------------------------------


def _with_entries(operations: Iterable[Operation], model: Model) -> Iterator[Operation]:
    """Give the entries of batches beside them, and all of it a place of its own.

    They happen at once, so each is of a process of its own.
    """
    place = count()
    for operation in operations:
        for one in (operation, *entries_of(operation, model)):
            client = operation.client if one is operation else one.call
            yield one._replace(place=next(place), client=client)


def _asked(operations: Sequence[Operation], model: Model) -> Iterator[tuple[int, list[Op]]]:
    """Give each operation's reads and writes, by its place in the history.

    What fits no table was refused, and is left out.
    """
    deleted: set[Place] = set()
    for operation in operations:
        if operation.name in (WRITE_TRANSACTION, *SINGLETON_WRITES):
            with suppress(*UNFIT):
                steps = _steps(model, operation)
                deleted |= {step.place for step in steps if isinstance(step.action, Delete)}
                yield operation.place, _writes(operation, steps)
    for operation in operations:
        if operation.name in READS:
            with suppress(*UNFIT):
                yield operation.place, [*_reads(model, operation, deleted)]


def _steps(model: Model, operation: Operation) -> list[Step]:
    if operation.name == WRITE_TRANSACTION:
        return model.steps(operation.request)
    return [model.step(operation.name, operation.request)]


def _writes(operation: Operation, steps: Iterable[Step]) -> list[Op]:
    ops = []
    for step in steps:
        value = _value_left(step.action)
        if isinstance(step.action, Delete):
            value = f"gone by {operation.call}"
        if value is not None:
            ops.append([WRITE, _register(step.place), value])
    return ops


def _value_left(action: Action) -> str | None:
    """Return the value by which readers know this write; None if it has none."""
    match action:
        case Put():
            found = next((action.item[name] for name in MARKS if name in action.item), None)
        case Update(update=str(text)):
            placeholders = re.findall(rf"\b(?:{'|'.join(MARKS)}) = (:\w+)", text)
            found = next((action.values[name] for name in placeholders), None)
        case _:
            found = None
    return None if found is None else _told(to_json(found))


def _reads(model: Model, operation: Operation, deleted: set[Place]) -> Iterator[Op]:
    answers: Sequence[Json] = ({},) * len(operation.request.get("TransactItems", "1"))
    is_answered = operation.outcome == "committed"
    if is_answered:
        answers = operation.answer.get("Responses", (operation.answer,))
    for (place, _), answer in zip(model.gets(operation.request), answers, strict=True):
        item: Mapping[str, Json] = answer.get("Item", {})
        value = next((_told(item[name]) for name in MARKS if name in item), None)
        if value is not None or (not item and place not in deleted):
            yield [READ, _register(place), value]


def _told(value: Json) -> str:
    """Tell a value as readers see it: `1.0` is written, and `1` is read."""
    return str(next(iter(value.values())))


def _register(place: Place) -> str:
    """Name an item; a slash inside a part of its key is not the one between two parts."""
    table, key = place
    parts = [str(content) for _, content in key]
    if len(parts) > 1:
        parts = [part.replace("%", "%25").replace("/", "%2F") for part in parts]
    return f"{table} {'/'.join(parts)}"
