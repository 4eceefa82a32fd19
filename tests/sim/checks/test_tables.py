"""The check of tables that change: what whoever serves one must know when it is ACTIVE."""

from dataclasses import replace

import pytest

from items.indexes import Index, index_id
from items.keys import KeyAttribute, KeySchema
from network.ids import NEVER, TableId
from network.settings import StreamSettings, Throughput
from partition.record import TableState
from partition.storage import Changes
from router.definitions import IndexTraits, Status, Table, Traits
from sim.checkers.tables import check_tables
from sim.tables_seen import TablesSeen
from tests.builders import SCHEMA, TABLE

STREAM = StreamSettings("2026-11-22T08:00:00.000", "KEYS_ONLY", "things")
BY_AGE = Index("by-age", "", KeySchema(KeyAttribute("age", "N")), "ALL")
OWNERS = ("p1", "p2")


def table(status: Status = Status.ACTIVE, revision: int = 3, **traits: object) -> Table:
    asked = replace(Traits(SCHEMA), **traits)  # type: ignore[arg-type]  # As a test names them.
    return Table("things", TABLE, status, 0, asked, revision)


def told(seen: TablesSeen, node: str, known: Table, *, dropped: tuple[str, ...] = ()) -> None:
    """Have a partition know all that this definition says."""
    states = [TableState(TABLE, SCHEMA, settings=known.settings)]
    states += [TableState(index.id, index.schema) for _, index in known.remote]
    states += [TableState(index, BY_AGE.schema, dropped=True) for index in dropped]
    seen.told(node, states)


def kinds(seen: TablesSeen) -> list[str]:
    return [finding.kind for finding in check_tables(seen)]


INDEXED = table(indexes=(IndexTraits(BY_AGE, status=Status.ACTIVE, born=2),))
AGED = index_id(TABLE, "by-age", 2)


@pytest.mark.parametrize(
    "known",
    [
        table(),
        table(stream=STREAM),
        table(throughput=Throughput(5, 5)),
        table(protected=True, tags=(("a", "b"),)),
        INDEXED,
    ],
    ids=["plain", "stream", "units", "others", "index"],
)
def test_a_table_of_which_everybody_knows_is_fine(known: Table) -> None:
    seen = TablesSeen()
    for node in OWNERS:
        told(seen, node, known)

    assert seen.defined(known, OWNERS)
    assert kinds(seen) == []
    assert not seen.defined(known, OWNERS)


@pytest.mark.parametrize(
    "wanted", [table(stream=STREAM), table(throughput=Throughput(5, 5))], ids=["stream", "units"]
)
@pytest.mark.parametrize("is_off", [False, True], ids=["on", "off"])
def test_who_has_not_been_told_of_a_change_is_found(wanted: Table, is_off: bool) -> None:
    now, before = (table(), wanted) if is_off else (wanted, table())
    seen = TablesSeen()
    told(seen, "p1", now)
    told(seen, "p2", before)

    seen.defined(now, OWNERS)

    (finding,) = check_tables(seen)
    assert finding.kind == "update untold"
    assert finding.explanation.startswith("things is ACTIVE, and p2 has not been told")


def test_who_has_dropped_a_table_that_serves_is_found() -> None:
    seen = TablesSeen()
    told(seen, "p1", table())
    seen.told("p2", [TableState(TABLE, SCHEMA, settings=table().settings, dropped=True)])

    seen.defined(table(), OWNERS)

    assert kinds(seen) == ["update untold"]


def test_a_change_that_is_nobody_elses_business_need_not_be_told() -> None:
    seen = TablesSeen()
    told(seen, "p1", table(revision=1))

    seen.defined(table(revision=2, protected=True), ("p1",))

    assert kinds(seen) == []


def test_while_a_table_is_on_its_way_nobody_has_to_know() -> None:
    seen = TablesSeen()
    told(seen, "p1", table())

    seen.defined(table(Status.UPDATING, stream=STREAM), OWNERS)

    assert kinds(seen) == []
    assert seen.changed


def test_who_does_not_keep_an_index_is_found() -> None:
    seen = TablesSeen()
    told(seen, "p1", INDEXED)
    seen.told("p2", [TableState(TABLE, SCHEMA, settings=INDEXED.settings)])

    seen.defined(INDEXED, OWNERS)

    assert kinds(seen) == ["index unknown"]


def test_who_has_dropped_an_index_that_serves_is_found() -> None:
    seen = TablesSeen()
    told(seen, "p1", INDEXED)
    told(seen, "p2", INDEXED, dropped=(AGED,))

    seen.defined(INDEXED, OWNERS)

    assert kinds(seen) == ["index unknown"]


def test_who_still_has_an_index_that_was_deleted_is_found() -> None:
    seen = TablesSeen()
    for node in OWNERS:
        told(seen, node, INDEXED)
    told(seen, "p1", table(), dropped=(AGED,))
    told(seen, "p2", table())

    seen.defined(table(), OWNERS)

    (finding,) = check_tables(seen)
    assert finding.kind == "index left behind"
    assert finding.explanation == "things is ACTIVE, and p2 still has by-age, which was deleted"


def test_an_outbox_is_no_index() -> None:
    seen = TablesSeen()
    told(seen, "p1", table())
    seen.told("p1", [TableState(f"{TABLE}#outbox", SCHEMA)])

    seen.defined(table(), ("p1",))

    assert kinds(seen) == []


def test_who_serves_nothing_need_not_know() -> None:
    seen = TablesSeen()
    told(seen, "p1", table(stream=STREAM))
    told(seen, "p2", table())

    seen.defined(table(stream=STREAM), ("p1",))

    assert kinds(seen) == []


def test_a_write_before_the_news_is_noticed_until_they_are_there() -> None:
    seen = TablesSeen()
    told(seen, "p1", table())
    wrote = Changes("k1/1", NEVER, (((TableId(TABLE), (("S", "a"),)), None),), (), 1)

    assert not seen.has_unheard("p1", wrote)
    seen.defined(table(Status.UPDATING, stream=STREAM), OWNERS)
    assert seen.has_unheard("p1", wrote)
    told(seen, "p1", table(stream=STREAM))
    assert not seen.has_unheard("p1", wrote)
