"""What every `Storage` promises: all or nothing, in order, and all of it back after a restart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from items.keys import partition_hash
from items.values import Item
from network.ids import NEVER, TableId
from network.placement import HASHES, NOTHING, Range
from network.settings import StreamSettings
from network.streams import StreamRecord
from partition import stream
from partition.record import Record, TableState
from partition.split import Arriving, Holding
from partition.sqlite import SqliteStorage
from partition.storage import Changes, MemoryStorage, Storage, Stored
from partition.stream import StreamChanges
from sim.chance import NamedChance
from sim.disk import DiskSpeed, SimulatedDisk
from sim.loop import VirtualLoop, new_loop
from tests.builders import SCHEMA, TABLE, at, item, key, record, ts
from tests.partition.halves import looks
from tests.partition.mailbox import Mailbox


class Bench:
    """A storage, and the loop that it may need."""

    def __init__(self, storage: Storage, loop: VirtualLoop, mailbox: Mailbox) -> None:
        self.storage, self.loop, self.mailbox = storage, loop, mailbox
        self.done: list[str] = []
        self.asked = 0
        self.append("born", tables=(TableState(TABLE, SCHEMA),))

    def append(
        self,
        cause: str,
        *records: tuple[str, Record | None],
        tables: tuple[TableState, ...] = (),
        lsn: int = 0,
    ) -> None:
        kept = tuple((at(name), found) for name, found in records)
        changes = Changes(cause, NEVER, kept, tables, lsn)
        self.asked += 1
        self.storage.append(changes, lambda: self.done.append(cause))

    def hold(self, holding: Holding, *records: tuple[str, Record], lsn: int) -> None:
        kept = tuple((at(name), found) for name, found in records)
        self.asked += 1
        changes = Changes("split", NEVER, kept, (), lsn, holding)
        self.storage.append(changes, lambda: self.done.append("split"))

    def settle(self) -> None:
        self.loop.run_for(1_000_000)
        self.mailbox.deliver(until=lambda: len(self.done) == self.asked)

    def keys(self) -> list[str]:
        """Restart, and return the names that are there."""
        self.settle()
        return [key[1][0][1] for key, _ in self.storage.load().records]

    def items(self) -> dict[str, Item | None]:
        """Restart, and return what is there."""
        self.settle()
        return {key[1][0][1]: found.item for key, found in self.storage.load().records}


def simulated(loop: VirtualLoop) -> Storage:
    return SimulatedDisk(
        "p1",
        timers=loop,
        chance=NamedChance(1),
        speed=DiskSpeed(),
        number=lambda: 0,
        durable=lambda *_: None,
    )


@pytest.fixture(params=["memory", "simulated", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    loop, mailbox = new_loop(), Mailbox()
    if request.param == "sqlite":
        storage = SqliteStorage(tmp_path / "p1.sqlite", "p1", mailbox.post)
        yield Bench(storage, loop, mailbox)
        storage.close()
    else:
        yield Bench(
            simulated(loop) if request.param == "simulated" else MemoryStorage(), loop, mailbox
        )


def test_each_append_is_confirmed_once_and_in_order(bench: Bench) -> None:
    for n in range(10):
        bench.append(f"{n}")

    bench.settle()

    assert bench.done == ["born", *"0123456789"]


def test_only_a_memory_that_no_crash_harms_is_adopted(bench: Bench) -> None:
    stored = Stored(1, 5, (TableState(TABLE, SCHEMA),), ((at("a"), record(1)),))

    assert bench.storage.adopt(lambda: stored) == isinstance(bench.storage, MemoryStorage)


def test_what_a_machine_remembers_is_there_after_a_restart() -> None:
    storage = MemoryStorage([TableState(TABLE, SCHEMA)])
    first = storage.load()
    assert [state.id for state in first.tables] == [TABLE]
    storage.adopt(lambda: Stored(1, 5, first.tables, ((at("a"), record(1)),)))

    second = storage.load()
    storage.append(Changes("t2", NEVER, ((at("b"), record(2)),), (), 6), lambda: None)
    third = storage.load()

    assert [one.incarnation for one in (first, second, third)] == [1, 2, 3]
    assert second.records == ((at("a"), record(1)),)
    assert second.lsn == 5
    assert third.records == ((at("a"), record(1)), (at("b"), record(2)))


def test_what_was_appended_is_there_after_a_restart(bench: Bench) -> None:
    bench.append("t1", ("a", record(1)), ("b", record(2)), lsn=5)

    assert bench.items() == {"a": item("a", 1), "b": item("a", 2)}
    assert bench.storage.load().lsn == 5


def test_the_last_append_counts(bench: Bench) -> None:
    bench.append("t1", ("a", record(1)), lsn=1)
    bench.append("t2", ("a", record(2)), lsn=2)

    assert bench.items() == {"a": item("a", 2)}


def test_what_was_removed_is_gone(bench: Bench) -> None:
    bench.append("t1", ("a", record(1)), lsn=1)
    bench.append("t2", ("a", None), lsn=2)

    assert bench.items() == {}


def test_what_was_never_there_can_be_removed(bench: Bench) -> None:
    bench.append("t1", ("a", None), lsn=1)

    assert bench.items() == {}


def test_a_promise_is_as_durable_as_an_item(bench: Bench) -> None:
    bench.append("t1", ("a", record(None, ongoing="t1")))
    bench.settle()

    ((_, found),) = bench.storage.load().records

    assert found == record(None, ongoing="t1")


def test_a_table_keeps_its_marks(bench: Bench) -> None:
    state = TableState(TABLE, SCHEMA, record().timestamp, 7)

    bench.append("t1", tables=(state,), lsn=7)
    bench.settle()

    assert bench.storage.load().tables == (state,)


def test_a_dropped_table_takes_its_records_along(bench: Bench) -> None:
    bench.append("t1", ("a", record(1)), lsn=1)

    bench.append("drop", tables=(TableState(TABLE, SCHEMA, dropped=True),), lsn=1)

    assert bench.items() == {}


def test_what_has_left_a_partitions_range_is_gone_and_what_stays_is_there(bench: Bench) -> None:
    everything = {name: partition_hash(key(name)[0]) for name in "abcdefgh"}
    half = Holding(Range(0, HASHES // 2), attempts=1)
    bench.append("t1", *((name, record(1)) for name in "abcd"), lsn=1)
    bench.append("t2", *((name, record(1)) for name in "efgh"), lsn=2)

    bench.hold(half, lsn=2)

    stays = {name for name, place in everything.items() if place < HASHES // 2}
    assert 0 < len(stays) < 8
    assert set(bench.keys()) == stays
    assert bench.storage.load().holding == half


def test_a_range_that_is_said_again_is_not_looked_through_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child hears it with each part that is carried, beside ever more records."""
    looked_at = looks(monkeypatch)
    arriving = Holding(NOTHING, arriving=Arriving(Range(0, HASHES), "p9", 1))

    for n, name in enumerate("abcd", start=1):
        bench.hold(arriving, (name, record(n)), lsn=n)
        bench.settle()

    assert looked_at == []
    assert bench.keys() == [*"abcd"]
    assert bench.storage.load().holding == arriving

    bench.hold(Holding(Range(0, HASHES)), lsn=5)
    assert bench.keys() == [*"abcd"]
    assert len(looked_at) == 4, "once for each record, when it is another range"


def test_the_incarnation_rises_with_each_start(bench: Bench) -> None:
    bench.settle()

    assert [bench.storage.load().incarnation for _ in range(3)] == [1, 2, 3]


# Streams ------------------------------------------------------------------------------------------

STREAM = StreamSettings("2026-11-22T08:00:00.000", "NEW_AND_OLD_IMAGES", "things")
SHARD = stream.opened("p1", TableId(TABLE), SCHEMA, STREAM, first=1, parent="", now_us=5)


def changed(lsn: int, **more: Any) -> StreamRecord:
    """Make the record of a change that waits."""
    change = stream.Change(TableId(TABLE), SCHEMA, key("a"), lsn, ts(10 * lsn), "t1", 7)
    made = stream.record_of(change, item("a", lsn), item("a", lsn + 1), STREAM)
    assert made is not None
    return replace(made, **more)


def streamed(bench: Bench, changes: StreamChanges, lsn: int = 9) -> None:
    bench.asked += 1
    whole = Changes("t1", NEVER, (), (), lsn, None, changes)
    bench.storage.append(whole, lambda: bench.done.append("streamed"))


def test_who_never_had_a_stream_finds_none(bench: Bench) -> None:
    bench.settle()

    assert bench.storage.load().streams is None


def test_a_stream_is_there_after_a_restart(bench: Bench) -> None:
    waiting = changed(2, old=None, event="INSERT", transaction="")
    placed = changed(1, shard=SHARD.id, sequence=2)
    streamed(bench, StreamChanges(2, (waiting, placed), (), (SHARD,)))
    bench.settle()

    found = bench.storage.load().streams

    assert found is not None
    assert found.sequence == 2
    assert sorted(found.records, key=lambda one: one.lsn) == [placed, waiting]
    assert found.shards == (SHARD,)


def test_a_record_that_is_released_is_the_same_one(bench: Bench) -> None:
    streamed(bench, StreamChanges(1, (changed(1), changed(2)), (), (SHARD,)))
    placed = changed(1, shard=SHARD.id, sequence=2)
    ended = stream.closed(SHARD, last=3, now_us=9)
    streamed(bench, StreamChanges(3, (placed,), (), (ended,)))
    bench.settle()

    found = bench.storage.load().streams

    assert found is not None
    assert sorted(found.records, key=lambda one: one.lsn) == [placed, changed(2)]
    assert (found.sequence, found.shards) == (3, (ended,))


def test_what_is_trimmed_is_gone(bench: Bench) -> None:
    streamed(bench, StreamChanges(1, (changed(1), changed(2)), (), (SHARD,)))
    streamed(bench, StreamChanges(3, (), (1,), (), (SHARD.id,)))
    bench.settle()

    found = bench.storage.load().streams

    assert found is not None
    assert (found.records, found.shards, found.sequence) == ((changed(2),), (), 3)
