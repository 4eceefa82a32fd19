"""What every node has at any moment: the durable changes, one after another, ready to be replayed.

Partitions and ledger nodes have disks; everybody else has only what is on its way.  A change says
which records it left and what they are then, so that the page can go through them up to a moment.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from coordinator.ledger import entry_of
from items.values import Item
from network.ids import NEVER
from network.messages import RecordKey
from network.placement import LEDGER_TABLE, is_internal
from partition.record import Record
from partition.storage import Changes
from sim.report.naming import Names
from sim.report.recording import Durable, Moment, Noted

Row: TypeAlias = list[Any]

GONE = 0  # In the place of a record: nothing is kept any more.


def writes_of(
    moments: Sequence[Moment], names: Names, calls: Sequence[str]
) -> list[dict[str, Any]]:
    """Say what each durable change left: `[place, what it is]`, a pair a record."""
    places = {call: n for n, call in enumerate(calls)}
    disks = Disks(names)
    found = []
    for moment in moments:
        if isinstance(moment, Durable):
            what, text = said_of(moment.changes, names)
            found.append(
                {
                    "us": moment.us,
                    "node": names.node(moment.host),
                    "call": places.get(moment.call, -1),
                    "what": what,
                    "text": names.text(text),
                    "records": disks.take(moment.host, moment.changes),
                }
            )
    return found


class Disks:
    """Which records each disk has; only what is no longer there has to be worked out."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: dict[str, dict[RecordKey, int]] = {}  # By host; the value says nothing.

    def take(self, host: str, changes: Changes) -> list[Row]:
        """Return what one change left, as rows."""
        kept = self._kept.setdefault(host, {})
        rows: list[Row] = [[self._place(key), GONE] for key in self._leaving(kept, changes)]
        for key, record in changes.records:
            if key[0] == LEDGER_TABLE or not is_internal(key[0]):
                kept.pop(key, None)
                if record is not None:
                    kept[key] = 1
                rows.append([self._place(key), self._row(key, record)])
        return rows

    def _leaving(self, kept: dict[RecordKey, int], changes: Changes) -> list[RecordKey]:
        """Return the records that go with their table, or with a range that is given away."""
        dropped = {state.id for state in changes.tables if state.dropped}
        gone = [key for key in kept if key[0] in dropped] if dropped else []
        holding = changes.holding
        if holding is not None:
            gone += [key for key in kept if not holding.keeps_record(key)]
        for key in gone:
            kept.pop(key, None)
        return gone

    def _place(self, key: RecordKey) -> int | str:
        """Return an item's place, or an entry's name."""
        place = self._names.item(key)
        return place if place >= 0 else str(key[1][0][1])

    def _row(self, key: RecordKey, record: Record | None) -> Row | int:
        if record is None:
            return GONE
        names, words = self._names, self._names.words
        if key[0] == LEDGER_TABLE:
            return GONE if record.item is None else self._entry(record.item)
        ongoing = "" if record.ongoing is None else words.transaction(record.ongoing.transaction)
        return [
            names.text(names.attributes(record.item, key[0])),
            words.timestamp(record.timestamp),
            record.lsn,
            ongoing,
        ]

    def _entry(self, item: Item) -> Row:
        entry = entry_of(item)
        words = self._names.words
        transaction = entry.transaction
        name = words.transaction(transaction.id)
        stamp = "" if transaction.timestamp == NEVER else words.timestamp(transaction.timestamp)
        reasons = [reason.code for reason in entry.reasons]
        return [name, str(entry.state), stamp, ", ".join(reasons)]


def said_of(changes: Changes, names: Names) -> tuple[str, str]:
    """Say what became durable: what kind of thing, and in a phrase."""
    words = names.words
    if not changes.records:
        if changes.holding is not None:
            return "range", "durable: another range"
        return ("table", "durable: a table") if changes.tables else ("nothing", "durable")
    (table, _), record = changes.records[0]
    if table == LEDGER_TABLE:
        if record is None or record.item is None:
            return "purged", "durable: the entry is purged"
        name, state = words.transaction(record.item["Transaction"][1]), record.item["State"][1]
        return state, f"durable: {name} is {state}"
    if is_internal(table):
        return "metadata", "durable: metadata"
    keys = words.keys(key for key, _ in changes.records)
    if any(record is not None and record.ongoing for _, record in changes.records):
        return "promised", f"durable: promised {keys}"
    return (
        ("freed", f"durable: freed {keys}")
        if changes.timestamp == NEVER
        else (
            "applied",
            f"durable: applied {keys} at {words.timestamp(changes.timestamp)}",
        )
    )


def events_of(
    moments: Sequence[Moment], names: Names, calls: Sequence[str]
) -> list[dict[str, Any]]:
    """Give what nodes noted and what went wrong, in order: the steps that are no message."""
    places = {call: n for n, call in enumerate(calls)}
    return [
        {
            "us": moment.us,
            "event": moment.event,
            "node": names.nodes.get(moment.host, -1),
            "call": places.get(moment.call, -1),
            "text": names.text(particulars(moment.fields)),
        }
        for moment in moments
        if isinstance(moment, Noted)
    ]


def particulars(fields: Mapping[str, Any]) -> str:
    """Say an event's fields but for its host and its transaction, which are told by themselves."""
    return ", ".join(
        f"{name} {value}" for name, value in fields.items() if name not in ("host", "transaction")
    )
