"""What is found between regions: each check refuses a history that is wrong in one place."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from items.keys import Key
from items.values import Item
from network.ids import NEVER, Version
from network.placement import REPLICATION_TABLE
from partition.record import Record
from partition.storage import Changes
from replication.positions import position_key
from sim.checkers.finding import Finding
from sim.regions.lost import lost_writes
from sim.regions.replication import check_replication, latest_of
from sim.regions.run import RegionsRun
from sim.regions.seen import Beaten, ItemWrite
from sim.regions.snapshots import Snapshot, check_snapshots
from sim.regions.whose import RegionSeen
from sim.scenario import load

PLACE = ("Orders", (("S", "ORD#1"),))


@pytest.fixture(scope="module")
def settled() -> RegionsRun:
    """Return a run that is over; each test leaves it as it was."""
    going = RegionsRun(load("global-tables", {"workload.transactions": "20"}), 2)
    result = going.go()
    assert result.findings == ()
    return going


def findings(going: RegionsRun) -> list[Finding]:
    return list(check_replication(going.runs, going.seen))


def kinds(going: RegionsRun, wrong: Callable[[list[ItemWrite]], list[ItemWrite]]) -> set[str]:
    """Judge the run with the second region's writes made wrong."""
    seen = going.seen[1]
    kept, seen.writes = seen.writes, wrong(seen.writes)
    try:
        return {finding.kind for finding in findings(going)}
    finally:
        seen.writes = kept


def test_a_run_as_it_was_is_accepted(settled: RegionsRun) -> None:
    assert findings(settled) == []


def test_a_value_that_nobody_wrote_is_refused(settled: RegionsRun) -> None:
    def wrong(writes: list[ItemWrite]) -> list[ItemWrite]:
        n = came(writes)
        other = replace_version(writes[n], us=writes[n].version.us + 1)
        return [*writes[:n], other, *writes[n + 1 :]]

    assert "never written" in kinds(settled, wrong)


def test_a_value_that_was_written_otherwise_is_refused(settled: RegionsRun) -> None:
    def wrong(writes: list[ItemWrite]) -> list[ItemWrite]:
        n = came(writes)
        other = writes[n]._replace(item={"OrderID": ("S", "another")})
        return [*writes[:n], other, *writes[n + 1 :]]

    assert kinds(settled, wrong) == {"written otherwise"}


def test_an_earlier_write_that_won_is_refused(settled: RegionsRun) -> None:
    def wrong(writes: list[ItemWrite]) -> list[ItemWrite]:
        n = next(n for n, write in enumerate(writes) if write.before is not None)
        later = Version(writes[n].version.us + 1, "us-east-1", "c1")
        return [*writes[:n], writes[n]._replace(before=later), *writes[n + 1 :]]

    assert kinds(settled, wrong) == {"earlier write won"}


def test_a_change_that_a_region_has_not_is_refused(settled: RegionsRun) -> None:
    latest, place = settled.seen[1].latest, next(iter(settled.seen[1].latest))
    kept, latest[place] = latest[place], Version(1, "us-east-1", "c1")

    found = findings(settled)
    latest[place] = kept

    assert [finding.kind for finding in found] == ["change lost"]


def test_an_item_that_differs_is_refused(settled: RegionsRun) -> None:
    cluster = settled.runs[1].cluster
    records = cluster.disks["p1"].contents.records
    at = next(at for at, record in records.items() if record.item and not at[0].startswith("$"))
    kept = records[at]
    records[at] = replace(kept, item={"OrderID": ("S", "another")})

    found = findings(settled)
    records[at] = kept

    assert [finding.kind for finding in found] == ["regions differ"]


def test_a_position_that_went_back_is_refused(settled: RegionsRun) -> None:
    witness = settled.seen[1]
    name, heard = next(iter(witness.positions.items()))

    def notes(sequence: int) -> list[Finding]:
        """Judge the run with this as the position that is kept next."""
        item: Item = {"Position": ("S", name), "Sequence": ("N", str(sequence))}
        noted = (REPLICATION_TABLE, position_key(*name.split(" "))), Record(item, NEVER, 1)
        witness.durable("l1", witness.number(), Changes("", NEVER, (noted,), (), 1))
        return findings(settled)

    assert notes(heard) == []
    assert notes(heard + 2) == []
    (found,) = notes(heard + 1)
    witness.fallen.clear()

    assert found.kind == "position fell"
    assert f"has heard up to {heard + 1}, after {heard + 2}" in found.explanation


def test_snapshots_must_be_the_same_and_none_is_the_same_as_none() -> None:
    item = {"OrderID": {"S": "ORD#1"}}
    other: tuple[str, Key] = ("Orders", (("S", "ORD#2"),))
    first = Snapshot("us", {PLACE: item, other: None})

    assert not list(check_snapshots([first, Snapshot("eu", {PLACE: item, other: None})]))
    (found,) = check_snapshots([first, Snapshot("eu", {PLACE: item, other: item})])
    assert "a reader in us was told of Orders ORD#2: None, and one in eu" in found.explanation


def test_a_reader_that_was_refused_saw_nothing_and_that_is_told() -> None:
    refused = Snapshot("eu", {}, ("GetItem was answered 500 {}",))

    (found,) = check_snapshots([Snapshot("us", {PLACE: {"OrderID": {"S": "ORD#1"}}}), refused])

    assert found.kind == "refused"
    assert found.explanation.endswith("in eu a reader's GetItem was answered 500 {}")


# What is allowed, and told ------------------------------------------------------------------------


def written(region: str, us: int, before: Version | None, number: int = 1) -> ItemWrite:
    return ItemWrite(number, us, PLACE, Version(us, region, "c1"), before, None, "t")


def region(name: str, writes: list[ItemWrite], beaten: list[Beaten]) -> RegionSeen:
    class Saw:
        def __init__(self) -> None:
            self.writes, self.beaten = writes, beaten

    by_version = {(one.place, one.version): one for one in writes}
    return RegionSeen(name, (), {}, {PLACE: writes}, by_version, Saw())  # type: ignore[arg-type]  # All of it that is asked for.


def test_of_two_writes_that_knew_nothing_of_each_other_one_is_lost() -> None:
    first, second = written("us", 10, None), written("eu", 11, None)
    came = Beaten(50, PLACE, first.version, second.version)

    (lost,) = lost_writes([region("us", [first, second], []), region("eu", [second], [came])])

    assert (lost.loser, lost.winner) == (first, second)
    assert lost.is_update


def test_a_write_that_the_later_one_had_seen_is_not_lost() -> None:
    first = written("us", 10, None)
    second = written("eu", 11, first.version, number=2)
    third = Beaten(50, PLACE, first.version, second.version)
    seen_by_both = [first, second]

    # In a third region the later one is there first.
    regions = [
        region("us", seen_by_both, []),
        region("eu", seen_by_both, []),
        region("ap", [second], [third]),
    ]

    assert lost_writes(regions) == []


def test_what_comes_a_second_time_is_not_lost() -> None:
    first, second = written("us", 10, None), written("eu", 11, None, number=2)
    copy = Beaten(90, PLACE, first.version, second.version)

    assert lost_writes([region("us", [first], []), region("eu", [first, second], [copy])]) == []


def test_the_latest_write_is_that_with_the_latest_version_whatever_came_last() -> None:
    early, late = written("us", 10, None), written("eu", 11, None)

    assert latest_of([late, early]) == {PLACE: late}


def came(writes: list[ItemWrite]) -> int:
    """Return the place of a write that came from the other region."""
    return next(n for n, write in enumerate(writes) if write.version.region == "us-east-1")


def replace_version(write: ItemWrite, us: int) -> ItemWrite:
    return write._replace(version=write.version._replace(us=us))
