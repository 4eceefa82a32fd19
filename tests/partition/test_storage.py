"""What every `Storage` promises: all or nothing, in order, and all of it back after a restart."""

from collections.abc import Callable

import pytest

from items.values import Item
from network.ids import NEVER
from partition.record import Record, TableState
from partition.storage import Changes, MemoryStorage, Storage
from sim.chance import NamedChance
from sim.disk import DiskSpeed, SimulatedDisk
from sim.loop import VirtualLoop, new_loop
from tests.builders import SCHEMA, TABLE, at, item, record


class Bench:
    """A storage, and the loop that it may need."""

    def __init__(self, make: Callable[[VirtualLoop], Storage]) -> None:
        self.loop = new_loop()
        self.storage = make(self.loop)
        self.done: list[str] = []
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
        self.storage.append(changes, lambda: self.done.append(cause))

    def settle(self) -> None:
        self.loop.run_for(1_000_000)

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


@pytest.fixture(params=[lambda _: MemoryStorage(), simulated], ids=["memory", "simulated"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


def test_each_append_is_confirmed_once_and_in_order(bench: Bench) -> None:
    for n in range(10):
        bench.append(f"{n}")

    bench.settle()

    assert bench.done == ["born", *"0123456789"]


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


def test_the_incarnation_rises_with_each_start(bench: Bench) -> None:
    bench.settle()

    assert [bench.storage.load().incarnation for _ in range(3)] == [1, 2, 3]
