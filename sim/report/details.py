"""A message whole, a line for each thing that it says, in the glossary's words."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from items.actions import Action
from items.errors import Reason
from items.values import Item
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Eventual,
    Failed,
    Finished,
    Message,
    OfRange,
    Prepare,
    Read,
    Reading,
    Readings,
    ReadItems,
    ReadTransaction,
    RecordKey,
    Recover,
    Request,
    Response,
    Restarted,
    Scan,
    Stalled,
    Vote,
    Votes,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.placement import LEDGER_TABLE
from sim.report.naming import Names
from sim.telling import cut
from sim.words import Words

BODY_MAX = 800  # Characters of a client's request or answer.

Lines: TypeAlias = Iterator[str]


def keys_in(message: Message | None) -> tuple[RecordKey, ...]:
    """Return the items that a message names."""
    match message:
        case Prepare(actions=actions) | WriteTransaction(actions=actions):
            return tuple([(action.table, action.key) for action in actions])
        case Commit(keys=keys) | Cancel(keys=keys) | Read(keys=keys) | ReadTransaction(keys=keys):
            return keys
        case Eventual(question=question):
            return keys_in(question)
        case Stalled(keys=keys) | Recover(keys=keys):
            return keys
        case Write(action=action):
            return ((action.table, action.key),)
        case _:
            return ()


def details_of(message: Message, question: Message | None, names: Names) -> Lines:
    """Tell a message line by line; a reply also by the question that it answers."""
    tell = _TELL.get(type(message))
    if tell is not None:
        yield from tell(message, keys_in(question), names)


def _request(message: Request, _: Sequence[RecordKey], __: Names) -> Lines:
    yield f"call {message.call}"
    yield f"meant for incarnation {message.incarnation} of the router"
    yield _json(message.body)


def _response(message: Response, _: Sequence[RecordKey], __: Names) -> Lines:
    yield f"status {message.status}"
    for n, reason in enumerate(message.body.get("CancellationReasons", ()), 1):
        said = f": {reason['Message']}" if reason.get("Message") else ""
        yield f"reason {n}: {reason['Code']}{said}"
    yield _json(message.body)


def _restarted(message: Restarted, _: Sequence[RecordKey], __: Names) -> Lines:
    yield f"this is incarnation {message.incarnation}"


def _write_transaction(message: WriteTransaction, _: Sequence[RecordKey], names: Names) -> Lines:
    yield f"token {message.token}"
    yield f"call {message.call}"
    yield from _actions(message.actions, names)


def _prepare(message: Prepare, _: Sequence[RecordKey], names: Names) -> Lines:
    yield _transaction(message.transaction, names)
    yield f"timestamp {names.words.timestamp(message.timestamp)}"
    yield f"entry {message.entry}"
    yield from _actions(message.actions, names)


def _actions(actions: Sequence[Action], names: Names) -> Lines:
    for action in actions:
        yield names.action(action)


def _votes(message: Votes, keys: Sequence[RecordKey], names: Names) -> Lines:
    for n, vote in enumerate(message.votes):
        yield f"{_place(n, keys, names)}: {_vote(vote, names.words)}"


def _vote(vote: Vote, words: Words) -> str:
    if isinstance(vote, Accept):
        return "accept"
    way = f"; in the way is {words.timestamp(vote.in_the_way)}" if vote.in_the_way else ""
    return f"reject, {_reason(vote.reason)}{way}"


def _of_transaction(message: Commit | Cancel, _: Sequence[RecordKey], names: Names) -> Lines:
    yield _transaction(message.transaction, names)
    yield f"items {names.words.keys(message.keys)}"


def _recovery(message: Stalled | Recover, _: Sequence[RecordKey], names: Names) -> Lines:
    yield _transaction(message.transaction, names)
    yield f"entry {message.entry}"
    if message.keys:
        yield f"items {names.words.keys(message.keys)}"


def _finished(message: Finished, _: Sequence[RecordKey], __: Names) -> Lines:
    yield "cancelled" if message.reasons else "committed"
    for n, reason in enumerate(message.reasons, 1):
        yield f"reason {n}: {_reason(reason)}"
    if message.replayed:
        yield "answered from the ledger: an earlier attempt had finished"


def _failed(message: Failed, _: Sequence[RecordKey], __: Names) -> Lines:
    yield f"{message.error}: {message.message}"


def _read(message: Read, _: Sequence[RecordKey], names: Names) -> Lines:
    yield f"items {names.words.keys(message.keys)}"
    if message.request:
        yield f"for {message.request}"


def _read_transaction(message: ReadTransaction, _: Sequence[RecordKey], names: Names) -> Lines:
    yield f"items {names.words.keys(message.keys)}"
    yield f"for {message.request}"


def _readings(message: Readings, keys: Sequence[RecordKey], names: Names) -> Lines:
    for n, reading in enumerate(message.readings):
        yield f"{_place(n, keys, names)}: {_reading(reading, n, keys, names)}"


def _reading(reading: Reading, n: int, keys: Sequence[RecordKey], names: Names) -> str:
    ongoing = ""
    if reading.ongoing is not None:
        ongoing = f", {names.words.transaction(reading.ongoing)} ongoing"
    return f"{_item(reading.item, n, keys, names)}, LSN {reading.lsn}{ongoing}"


def _read_items(message: ReadItems, keys: Sequence[RecordKey], names: Names) -> Lines:
    for n, item in enumerate(message.items):
        yield f"{_place(n, keys, names)}: {_item(item, n, keys, names)}"


def _write(message: Write, _: Sequence[RecordKey], names: Names) -> Lines:
    action = message.action
    if action.table == LEDGER_TABLE:
        yield f"entry {names.words.key(action.key)}"
        if action.condition is not None:
            yield f"only if {action.condition}"
    else:
        yield names.action(action)
        yield f"for {message.request}"
    yield f"meant for incarnation {message.incarnation} of the node"


def _written(message: Written, keys: Sequence[RecordKey], names: Names) -> Lines:
    if message.attributes is not None and keys and keys[0][0] != LEDGER_TABLE:
        yield _item(message.attributes, 0, keys, names)


def _write_refused(message: WriteRefused, keys: Sequence[RecordKey], names: Names) -> Lines:
    yield f"{message.error}: {message.message}"
    if message.item is not None and keys and keys[0][0] != LEDGER_TABLE:
        yield f"the item: {_item(message.item, 0, keys, names)}"


def _scan(message: Scan, _: Sequence[RecordKey], names: Names) -> Lines:
    yield f"table {names.tables.get(message.table, message.table)}, {message.limit} items at most"


def _of_range(message: OfRange, _: Sequence[RecordKey], names: Names) -> Lines:
    yield f"hashes {message.range.first} to {message.range.end}"
    yield from details_of(message.question, None, names)


def _eventual(message: Eventual, _: Sequence[RecordKey], names: Names) -> Lines:
    yield "as of whatever moment the follower has come to"
    yield from details_of(message.question, None, names)


# Parts of them -----------------------------------------------------------------------------------


def _transaction(name: str, names: Names) -> str:
    return f"transaction {names.words.transaction(name)} ({name})"


def _place(n: int, keys: Sequence[RecordKey], names: Names) -> str:
    return names.words.key(keys[n][1]) if n < len(keys) else f"item {n + 1}"


def _item(item: Item | None, n: int, keys: Sequence[RecordKey], names: Names) -> str:
    table = keys[n][0] if n < len(keys) else ""
    if table == LEDGER_TABLE and item is not None:
        return f"{names.words.transaction(item['Transaction'][1])} {item['State'][1]}"
    return names.attributes(item, table)


def _reason(reason: Reason) -> str:
    return f"{reason.code}: {reason.message}" if reason.message else reason.code


def _json(body: Mapping[str, Any]) -> str:
    return cut(json.dumps(body, default=lambda _: "binary", ensure_ascii=False), BODY_MAX)


_TELL: dict[type, Callable[[Any, Sequence[RecordKey], Names], Lines]] = {
    Request: _request,
    Response: _response,
    Restarted: _restarted,
    WriteTransaction: _write_transaction,
    ReadTransaction: _read_transaction,
    ReadItems: _read_items,
    Finished: _finished,
    Failed: _failed,
    Prepare: _prepare,
    Votes: _votes,
    Commit: _of_transaction,
    Cancel: _of_transaction,
    Read: _read,
    Readings: _readings,
    Scan: _scan,
    OfRange: _of_range,
    Eventual: _eventual,
    Write: _write,
    Written: _written,
    WriteRefused: _write_refused,
    Stalled: _recovery,
    Recover: _recovery,
}
