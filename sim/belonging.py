"""Which request of a client a message belongs to: the name by which it says so.

A request is known by its call, by its attempts, by its token, which is its entry's key in the
ledger, and by its transaction's id.  Who follows requests knows which of them has which name.
"""

from collections.abc import Sequence

from items.actions import Put
from network.messages import (
    Cancel,
    Commit,
    Eventual,
    Message,
    OfRange,
    Prepare,
    Read,
    ReadTransaction,
    RecordKey,
    Recover,
    Scan,
    Stalled,
    Write,
    WriteTransaction,
)
from network.placement import LEDGER_TABLE


def named_in(message: Message) -> str:
    """Return the name that a question has for the request that it belongs to, if any."""
    match message:
        case WriteTransaction(token=name) | ReadTransaction(request=name) | Scan(request=name):
            return name
        case Prepare(entry=name) | Stalled(entry=name) | Recover(entry=name):
            return name
        case Commit(transaction=name) | Cancel(transaction=name):
            return name
        case Read(keys=keys, request=reader):
            return reader.partition("/")[0] or entry_in(keys)
        case Write(action=action, request=writer):
            return entry_in([(action.table, action.key)]) or writer
        case OfRange(question=question) | Eventual(question=question):
            return named_in(question)
        case _:
            return ""


def entered_by(message: Write) -> str:
    """Return the id of the transaction that a write enters into the ledger, if it does."""
    match message.action:
        case Put(table=table, item=item) if table == LEDGER_TABLE:
            return str(item["Transaction"][1])
        case _:
            return ""


def entry_in(keys: Sequence[RecordKey]) -> str:
    """Return the key of the ledger's entry among these, if there is one."""
    for table, key in keys:
        if table == LEDGER_TABLE:
            return str(key[0][1])
    return ""
