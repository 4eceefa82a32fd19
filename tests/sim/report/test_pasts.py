"""What items were at a moment: each change is put back to the message that made it."""

from network.ids import NEVER, EntryKey, TableId, Timestamp, TransactionId
from network.messages import Commit, Prepare, RecordKey
from partition.record import Ongoing, Record
from partition.storage import Changes
from sim.report.pasts import Pasts
from tests.builders import put

KEY: RecordKey = (TableId("table"), (("S", "a"),))
STAMP = Timestamp(100, "c1")


def record(value: str, lsn: int, ongoing: str = "") -> Record:
    item = {"key": ("S", "a"), "value": ("S", value)}
    if not ongoing:
        return Record(item, Timestamp(50, "c1"), lsn)
    promised = Ongoing(TransactionId(ongoing), EntryKey(ongoing), STAMP, put("a"), item)
    return Record(item, Timestamp(50, "c1"), lsn, promised)


def told() -> Pasts:
    """A promise that arrives at 10 and is durable at 13, and its commit at 20, durable at 24."""
    pasts = Pasts()
    prepare = Prepare(TransactionId("t"), EntryKey("t"), STAMP, (put("a"),))
    pasts.durable(5, "p1", Changes("k1#1", Timestamp(50, "p1"), ((KEY, record("0", 1)),), (), 1))
    pasts.stepped(10, "p1", prepare)
    pasts.durable(13, "p1", Changes("t", NEVER, ((KEY, record("0", 1, "t")),), (), 1))
    pasts.stepped(20, "p1", Commit(TransactionId("t"), (KEY,)))
    pasts.durable(24, "p1", Changes("t", STAMP, ((KEY, record("1", 2)),), (), 2))
    return pasts


def test_what_is_not_yet_durable_is_in_the_way_already() -> None:
    pasts = told()

    assert pasts.ongoing_at(KEY, 9, "other") is None
    assert pasts.ongoing_at(KEY, 11, "other") == (10, "t")
    assert pasts.ongoing_at(KEY, 19, "other") == (10, "t")
    assert pasts.ongoing_at(KEY, 20, "other") is None


def test_a_transaction_is_not_in_its_own_way() -> None:
    assert told().ongoing_at(KEY, 15, "t") is None


def test_the_item_of_a_moment_comes_first_of_those_around_it() -> None:
    items = told().around(KEY, 22)

    assert [item["value"][1] for item in items if item is not None] == ["1", "0"]
    assert told().around(KEY, 1)[0] is None


def test_writers_are_those_who_left_another_version() -> None:
    assert told().writers_between(KEY, 6, 30) == ["t"]
    assert told().writers_between(KEY, 0, 15) == ["k1#1"]
