"""Which request a message belongs to: by whatever name it says so."""

import pytest

from items.actions import Put
from items.keys import Key
from network.ids import EntryKey, TransactionId
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Message,
    OfRange,
    Prepare,
    Read,
    ReadTransaction,
    Recover,
    Scan,
    Stalled,
    Votes,
    Write,
    WriteTransaction,
)
from network.placement import HASHES, LEDGER_TABLE, Range
from sim.belonging import entry_in, named_in
from tests.builders import TABLE, at, put, ts

ID, NAME = TransactionId("c1.1"), EntryKey("token")
ENTRY: Key = (("S", "token"),)
KEYS = ((LEDGER_TABLE, ENTRY),)
ENTERED = Put(LEDGER_TABLE, ENTRY, {"Token": ("S", "token")})
SCAN = Scan(
    table=TABLE,
    partition_value=None,
    sort_condition=None,
    after=None,
    forward=True,
    limit=1,
    filter=None,
    names={},
    values={},
    request="k1#1",
)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (WriteTransaction(NAME, "k1/1", b"", (put(),)), "token"),
        (ReadTransaction((at(),), "k1#1"), "k1#1"),
        (Prepare(ID, NAME, ts(1), (put(),)), "token"),
        (Stalled(ID, NAME, (at(),)), "token"),
        (Recover(ID, NAME, "p1", (at(),)), "token"),
        (Commit(ID, (at(),)), ID),
        (Cancel(ID, (at(),)), ID),
        (Read((at(),), 1, "k1#1/2"), "k1#1"),
        (Read(KEYS, 0, ""), "token"),
        (Read((at(),), 0, ""), ""),
        (Write(put(), "NONE", 0, "k1#1"), "k1#1"),
        (Write(ENTERED, "NONE", 0, "k1#1"), "token"),
        (SCAN, "k1#1"),
        (OfRange(Range(0, HASHES), SCAN), "k1#1"),
        (Votes((Accept(),)), ""),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_question_names_its_request(message: Message, name: str) -> None:
    assert named_in(message) == name


def test_of_many_keys_the_ledgers_is_the_name() -> None:
    assert entry_in([at("a"), *KEYS]) == "token"
    assert entry_in([at("a"), at("b")]) == ""
