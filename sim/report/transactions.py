"""All operations of a run as a table: what was asked, what came of it, why, and how it went.

A row a call.  Its items stand in the request's order, each with the partition's vote, the reason
that the client was given and what is behind it.  Calls by which tables are made, and the first
items of the set-up, are left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Any, TypeAlias

from network.ids import TransactionId
from sim.figures import OF_TABLES, is_setting_up
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.report.inside import Inside, item_name
from sim.report.recording import Recording
from sim.report.unknown import unknown_of
from sim.report.why import OfItem, Why, of_singleton, of_write
from sim.report.why_reads import go_of, of_get, of_read
from sim.telling import Part, Schemas, error_of, outcome_of, parts_of, schemas_of

Row: TypeAlias = dict[str, Any]

KINDS = {WRITE_TRANSACTION: "write transaction", READ_TRANSACTION: "read transaction"}
SINGLETON_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
NOTHING_KNOWN = Why("", "")


def transactions_of(
    recording: Recording, inside: Inside, is_shown: Callable[[str], bool] = lambda _: True
) -> list[Row]:
    """Make the rows of all calls that are shown, in the order in which they were asked for."""
    schemas = schemas_of(recording.tables)
    rows = [
        _row(recording, inside, operation, schemas)
        for operation in clients_own(recording.operations)
        if is_shown(operation.call)
    ]
    return sorted(rows, key=lambda row: (row["invoked_us"], row["call"]))


def clients_own(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Give what clients asked for after the set-up, without what is about tables."""
    for operation in dropwhile(is_setting_up, operations):
        if operation.name not in OF_TABLES:
            yield operation


def _row(recording: Recording, inside: Inside, operation: Operation, schemas: Schemas) -> Row:
    transactions = [one.id for one in recording.calls.transactions.get(operation.call, ())]
    items = _items(inside, operation, transactions, schemas)
    return {
        "call": operation.call,
        "client": operation.client,
        "operation": operation.name,
        "kind": KINDS.get(operation.name, "singleton"),
        "names": [inside.name(one) for one in transactions],
        "ids": transactions,
        "invoked_us": operation.invoked_us,
        "returned_us": operation.returned_us,
        "outcome": outcome_of(operation),
        "status": operation.status or None,
        "error": error_of(operation),
        "attempts": len(operation.attempts),
        "messages": inside.messages[operation.call],
        "states": list(_states(inside, transactions)),
        "items": items,
        "met": list(dict.fromkeys(call for item in items for call in item.get("met", ()))),
        "unknown": unknown_of(inside, operation, transactions) if operation.is_unknown else None,
    }


def _states(inside: Inside, transactions: Sequence[TransactionId | str]) -> Iterator[Row]:
    for transaction in transactions:
        for entry in inside.entries.get(transaction, ()):
            yield {
                "name": inside.name(transaction),
                "state": entry.state,
                "us": entry.us,
                "node": entry.node,
            }


def _items(
    inside: Inside, operation: Operation, transactions: Sequence[str], schemas: Schemas
) -> list[Row]:
    """Tell a call item by item, with what is known inside where it came so far."""
    parts = parts_of(operation, schemas)
    asked = inside.asked.get(operation.call, ())
    if len(asked) != len(parts):  # Refused before anybody inside heard of it, or one of its kind.
        return [_item(part, NOTHING_KNOWN, _code(operation, n)) for n, part in enumerate(parts)]
    told = [
        OfItem(key, action, part.condition, _code(operation, n), schemas.get(part.table, ()))
        for n, (part, (key, action)) in enumerate(zip(parts, asked, strict=True))
    ]
    whys = list(_whys(inside, operation, transactions, told))
    rows = [_item(part, why, item.code) for part, why, item in zip(parts, whys, told, strict=True)]
    for row, item in zip(rows, told, strict=True):
        row["name"] = item_name(inside.table_names, item.key)
    return rows


def _code(operation: Operation, n: int) -> str:
    reasons: Sequence[Mapping[str, Any]] = operation.reasons
    return str(reasons[n]["Code"]) if n < len(reasons) else "None"


def _whys(
    inside: Inside, operation: Operation, transactions: Sequence[str], items: Sequence[OfItem]
) -> Iterator[Why]:
    call = operation.call
    go = go_of(inside, call, items) if operation.name == READ_TRANSACTION else ""
    for item in items:
        if operation.name == WRITE_TRANSACTION:
            yield of_write(inside, transactions, item)
        elif operation.name == READ_TRANSACTION:
            yield of_read(inside, go, item)
        elif operation.name == "GetItem":
            yield of_get(inside, call, item)
        elif operation.name in SINGLETON_WRITES:
            yield of_singleton(inside, call, item, operation.attempts)
        else:
            yield NOTHING_KNOWN


def _item(part: Part, why: Why, code: str) -> Row:
    """Make an item's part of a row, without what would be empty: most of it is, in a long run."""
    row = {
        "name": f"{part.table} {part.key}",
        "asked": part.asked,
        "condition": part.condition,
        "answered": part.answered,
        "code": code,
        "is_to_blame": part.blamed,
        "vote": why.vote,
        "why": why.sentence,
        "met": list(why.met),
    }
    return {name: value for name, value in row.items() if value}
