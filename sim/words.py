"""Messages in words, a phrase each: for golden scripts, stories and traces.

Transactions are called t1, t2 … in the order in which they are first spoken of; an item is called
by its key's value; a timestamp by its virtual time.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from coordinator.ledger import Entry, Refused, State
from items.actions import Action, Check, Delete, Put, Update
from items.keys import Key
from network.codec import decode
from network.ids import NEVER, Timestamp
from network.messages import (
    Accept,
    Backfill,
    Cancel,
    Carry,
    Changed,
    Commit,
    Copy,
    Done,
    DropTable,
    Eventual,
    Failed,
    Filled,
    FindShards,
    Finished,
    Follow,
    Forgotten,
    Log,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Page,
    Prepare,
    Propagate,
    Read,
    Reading,
    Readings,
    ReadItems,
    ReadStream,
    ReadTransaction,
    RecordKey,
    Recover,
    Reject,
    Replicate,
    Request,
    Response,
    Restarted,
    Scan,
    Serve,
    SetTable,
    ShardGone,
    Shards,
    Split,
    Stalled,
    StreamPage,
    Throttled,
    Votes,
    Weigh,
    Weights,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.placement import LEDGER_TABLE, PLACEMENT_TABLE, placement_of
from partition.record import Record
from partition.split import carried
from sim.clock import EPOCH_US


class Words:
    """The names of one run's transactions and items."""

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        self.begin_us = EPOCH_US  # Timestamps are told from here.
        self._labels = dict(labels or {})  # Key values that have a name of their own.
        self._transactions: dict[str, str] = {}

    def transaction(self, name: str) -> str:
        return self._transactions.setdefault(name, f"t{len(self._transactions) + 1}")

    def entered(self, token: str, transaction: str) -> None:
        """Call a ledger entry by its transaction, if its token was minted."""
        if "/" in token:
            self._labels.setdefault(token, self.transaction(transaction))

    def key(self, key: Key) -> str:
        return "/".join(self._labels.get(str(value[1]), str(value[1])) for value in key)

    def timestamp(self, timestamp: Timestamp) -> str:
        if timestamp == NEVER:
            return "never"
        ms, us = divmod(abs(timestamp.us - self.begin_us), 1_000)
        sign = "-" if timestamp.us < self.begin_us else ""
        return f"@{sign}{ms}{f'.{us:03}'.rstrip('0') if us else ''}ms.{timestamp.node}"

    def keys(self, keys: Iterable[RecordKey]) -> str:
        return " ".join(self.key(key) for _, key in keys)

    def action(self, action: Action) -> str:
        kind = {Put: "put", Update: "update", Delete: "delete", Check: "check"}[type(action)]
        return f"{kind} {self.key(action.key)}"

    def record(self, record: Record) -> str:
        """Say what a partition keeps of a key; where there is no item, what its table does."""
        said = f"{_item(record.item)}, {self.timestamp(record.timestamp)}, lsn {record.lsn}"
        if record.ongoing is not None:
            said += f", ongoing {self.transaction(record.ongoing.transaction)}"
        return said

    def entry(self, entry: Entry) -> str:
        """Say how far a transaction has come, and which other calls were refused."""
        said = f"{self.transaction(entry.transaction.id)} {entry.state}"
        if entry.reasons:
            said += f" [{', '.join(reason.code for reason in entry.reasons)}]"
        if entry.refused:
            said += f", refused: {', '.join(one.call for one in entry.refused)}"
        return said

    def message(self, message: Message) -> str:
        """Say in a phrase what a message says."""
        speak = _PHRASES.get(type(message))
        return type(message).__name__ if speak is None else speak(self, message)


def _prepare(words: Words, message: Prepare) -> str:
    actions = ", ".join(words.action(action) for action in message.actions)
    name, at = words.transaction(message.transaction), words.timestamp(message.timestamp)
    return f"prepare {name} {at}: {actions}"


def _votes(words: Words, message: Votes) -> str:
    return ", ".join(_vote(words, vote) for vote in message.votes)


def _vote(words: Words, vote: Accept | Reject) -> str:
    if isinstance(vote, Accept):
        return "accept"
    way = f" by {words.timestamp(vote.in_the_way)}" if vote.in_the_way else ""
    return f"reject {vote.reason.code}{way}"


def _done(_: Words, message: Done) -> str:
    if not message.changed:
        return "done"
    return ", ".join("done" if changed else "nothing to do" for changed in message.changed)


def _write(words: Words, message: Write) -> str:
    action = message.action
    if isinstance(action, Put) and action.table == PLACEMENT_TABLE:
        return f"set the {_item(action.item)}"
    if action.table != LEDGER_TABLE:
        return words.action(action)
    values = action.values
    if isinstance(action, Put):
        name = action.item["Transaction"][1]
        words.entered(str(action.item["Entry"][1]), name)
        return f"enter {words.transaction(name)} as {State.PREPARING}"
    name = words.transaction(values[":id"][1])
    if isinstance(action, Delete):
        return f"purge {name}"
    if ":refused" in values:
        return f"refuse {decode(values[':refused'][1], Refused)[-1].call} beside {name}"
    return f"set {name} to {values[':state'][1] if ':state' in values else State.COMPLETED}"


def _refused(words: Words, message: WriteRefused) -> str:
    item = message.item
    if item is not None and "Transaction" in item:
        return f"no, {_found(words, item)}"
    if item is not None and "Shares" in item:
        return f"no, {_item(item)}"
    return message.error


def _found(words: Words, item: Mapping[str, Any]) -> str:
    return f"{words.transaction(item['Transaction'][1])} is {item['State'][1]}"


def _readings(words: Words, message: Readings) -> str:
    return ", ".join(_reading(words, reading) for reading in message.readings)


def _reading(words: Words, reading: Reading) -> str:
    if reading.item is not None and "Transaction" in reading.item:
        return _found(words, reading.item)
    ongoing = f", {words.transaction(reading.ongoing)} ongoing" if reading.ongoing else ""
    return f"{_item(reading.item)} lsn {reading.lsn}{ongoing}"


def _item(item: Mapping[str, Any] | None) -> str:
    if item is None:
        return "nothing"
    if "Shares" in item:
        found = placement_of(item)
        nodes = [share.node for share in (*found.partitions, *found.ledgers)]
        return f"placement {found.number}: {' '.join(nodes)}"
    value = item.get("value") or item.get("State") or ("S", "an item")
    return str(value[1])


def _finished(_: Words, message: Finished) -> str:
    how = " (replayed)" if message.replayed else ""
    if not message.reasons:
        return f"committed{how}"
    return f"cancelled [{', '.join(reason.code for reason in message.reasons)}]{how}"


def _response(_: Words, message: Response) -> str:
    error = str(message.body.get("__type", "")).rpartition("#")[2]
    codes = [reason["Code"] for reason in message.body.get("CancellationReasons", ())]
    shown = f" [{', '.join(codes)}]" if codes else ""
    return f"{message.status} {error}{shown}".strip()


def _stalled(words: Words, message: Stalled | Recover) -> str:
    verb = "stalled" if isinstance(message, Stalled) else "recover"
    return f"{verb} {words.transaction(message.transaction)} {words.keys(message.keys)}".strip()


def _not_mine(_: Words, message: NotMine) -> str:
    if message.table:
        return "not mine: no such table"
    return f"not mine, by placement {message.placement.number}" if message.placement else "not mine"


def _carry(words: Words, message: Carry) -> str:
    _, records = carried(message)
    said = [
        words.key(kept.key[1])
        + (
            f" ({words.transaction(kept.record.ongoing.transaction)})"
            if kept.record.ongoing
            else ""
        )
        for kept in records
    ]
    return f"carry {', '.join(said) or 'nothing'}"


def _propagate(words: Words, message: Propagate) -> str:
    said = [f"{'' if one.item else 'no '}{words.key(one.key)}" for one in message.entries]
    return f"index {', '.join(said)}"


_PHRASES: dict[type, Any] = {
    Request: lambda _, m: m.operation,
    Response: _response,
    Restarted: lambda _, m: f"this is incarnation {m.incarnation}, ask anew",
    WriteTransaction: lambda words, m: (
        "write " + ", ".join(words.action(action) for action in m.actions)
    ),
    ReadTransaction: lambda words, m: f"read {words.keys(m.keys)}",
    ReadItems: lambda _, m: ", ".join(_item(item) for item in m.items),
    Finished: _finished,
    Failed: lambda _, m: m.error,
    Prepare: _prepare,
    Votes: _votes,
    Commit: lambda words, m: f"commit {words.transaction(m.transaction)} {words.keys(m.keys)}",
    Cancel: lambda words, m: f"cancel {words.transaction(m.transaction)} {words.keys(m.keys)}",
    Done: _done,
    NotMine: _not_mine,
    Read: lambda words, m: f"read{f' round {m.round}' if m.round else ''} {words.keys(m.keys)}",
    Readings: _readings,
    Scan: lambda _, __: "scan",
    Throttled: lambda _, __: "throttled",
    Page: lambda _, m: f"page of {len(m.items)}",
    Write: _write,
    Written: lambda _, __: "written",
    WriteRefused: _refused,
    Forgotten: lambda _, __: "forgotten",
    OpenTable: lambda _, __: "open table",
    DropTable: lambda _, __: "drop table",
    SetTable: lambda _, __: "set table",
    Propagate: _propagate,
    Backfill: lambda _, m: f"backfill {m.limit or 'nothing more'}",
    Filled: lambda _, m: f"filled, {'more to come' if m.last else 'to the end'}",
    Weigh: lambda words, m: f"weigh {words.keys(m.keys)}",
    Weights: lambda _, m: f"{sum(m.bytes)} bytes",
    Changed: lambda _, m: f"{len(m.replicas)} items of {m.table_name} in {m.region}",
    Replicate: lambda words, m: f"replicate {words.key(m.replica.key)}",
    FindShards: lambda _, __: "which shards do you keep?",
    Shards: lambda _, m: f"{len(m.shards)} shards",
    ReadStream: lambda _, m: f"read {m.shard} after {m.after}",
    StreamPage: lambda _, m: f"{len(m.records)} records{', the end' if m.ends else ''}",
    ShardGone: lambda _, m: "trimmed" if m.is_trimmed else "no such shard",
    OfRange: lambda words, m: f"{words.message(m.question)} of a range",
    Eventual: lambda words, m: f"{words.message(m.question)}, late or not",
    Follow: lambda _, m: f"what comes after {m.position}?",
    Log: lambda _, m: f"log after {m.after} to {m.upto}",
    Copy: lambda _, m: f"copy as of {m.position}, part {m.part + 1}",
    Split: lambda _, m: f"split, the upper part to {m.child}",
    Carry: _carry,
    Serve: lambda _, m: f"serve what placement {m.placement.number} gives you",
    Stalled: _stalled,
    Recover: _stalled,
}
