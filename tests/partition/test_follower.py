"""A follower's state: the log in order, reads of what it has come to, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.keys import partition_hash
from network.ids import NEVER, TableId
from network.messages import (
    Copy,
    DropTable,
    Log,
    NotMine,
    OfRange,
    Page,
    Read,
    Readings,
    Scan,
)
from network.placement import LEDGER_TABLE, Range
from partition.follower import (
    Follower,
    LogEntry,
    Shown,
    State,
    entry_of,
    states_of,
    written,
    written_state,
)
from partition.record import Record, TableState
from partition.split import Holding
from partition.storage import Changes
from tests.builders import (
    EVERYTHING,
    SCHEMA,
    TABLE,
    item,
    key,
    record,
    ts,
)

OTHER = "00000000-table-other"


def entry(position: int, value: int | None, name: str = "a", **fields: object) -> LogEntry:
    shown = Shown((TABLE, key(name)), None if value is None else item(name, value), position)
    made = LogEntry(position, (shown,), (), None)
    return replace(made, **fields)  # type: ignore[arg-type]  # Fields by name.


def log(after: int, *entries: LogEntry, incarnation: int = 1, upto: int | None = None) -> Log:
    last = entries[-1].position if entries else after
    return Log(incarnation, after, last if upto is None else upto, written(entries))


def copy_of(state: State, position: int = 0, incarnation: int = 1) -> Copy:
    return Copy(incarnation, position, 0, True, written_state(state))


def follower() -> Follower:
    """Return one that has a copy of an empty table."""
    made = Follower(page_bytes_max=1_000_000)
    assert made.fetch(copy_of(State(EVERYTHING, 0, (TableState(TABLE, SCHEMA),), ())))
    return made


def heard(made: Follower, piece: Log) -> None:
    new = made.hear(piece)
    assert new is not None
    for one in new:
        assert made.apply(one)


def read(*names: str, of_round: int = 0) -> Read:
    return Read(tuple([(TABLE, key(name)) for name in names]), of_round, "k1#1")


def scan(table: str = TABLE) -> Scan:
    return Scan(TableId(table), None, None, None, True, 100, None, {}, {}, "k1#1")


def value_of(made: Follower, name: str = "a") -> str | None:
    answer = made.answer(read(name))
    assert isinstance(answer, Readings)
    found = answer.readings[0].item
    return None if found is None else str(found["v"][1])


# The log ------------------------------------------------------------------------------------------


def test_what_is_applied_is_shown() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5)))

    assert value_of(made) == "5"
    assert made.position == 1


def test_what_is_heard_and_not_applied_is_not_shown() -> None:
    made = follower()
    made.hear(log(0, entry(1, 5)))

    assert value_of(made) is None


def test_a_removed_item_is_missing() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5), entry(2, None)))

    assert value_of(made) is None


def test_a_piece_that_comes_twice_is_taken_once() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5), entry(2, 6)))

    assert made.hear(log(0, entry(1, 5))) == ()
    assert made.hear(log(0, entry(1, 5), entry(2, 6), entry(3, 7))) == (entry(3, 7),)


def test_a_gap_is_noticed_also_by_a_piece_that_says_nothing() -> None:
    made = follower()

    assert made.hear(log(1, entry(2, 6))) is None
    assert made.hear(log(4)) is None
    assert made.next_part == (1, 0, 0)


def test_appends_that_say_nothing_leave_no_gap() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5), upto=7))

    assert made.hear(log(7, entry(8, 6))) == (entry(8, 6),)


def test_a_late_piece_of_an_incarnation_that_is_no_more_is_nothing() -> None:
    made = Follower(page_bytes_max=1_000)
    made.fetch(copy_of(State(EVERYTHING, 0, (), ()), position=3, incarnation=2))

    assert made.hear(log(3, entry(4, 5), incarnation=1)) == ()


def test_a_new_incarnation_is_asked_for_a_copy() -> None:
    made = follower()

    assert made.hear(log(0, entry(1, 5), incarnation=2)) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_whatever_pieces_come_a_follower_is_always_some_past(spans: list[tuple[int, int]]) -> None:
    made = follower()
    entries = [entry(n, n, "ab"[n % 2]) for n in range(1, 10)]

    for first, last in spans:
        new = made.hear(log(first, *entries[first:last], upto=max(first, last)))
        for one in new or ():
            assert made.apply(one)
        so_far = entries[: made.heard]
        for name in "ab":
            past = [one for one in so_far if one.records[0].key == (TABLE, key(name))]
            shown = past[-1].records[0].item if past else None
            assert made.items().get((TABLE, key(name)), (None, 0))[0] == shown


# Copies -------------------------------------------------------------------------------------------


def test_a_copy_comes_in_parts_and_takes_the_place_of_all() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5, "old")))
    records = [Shown((TABLE, key(f"n{n}")), item(f"n{n}", n), n + 1) for n in range(2_500)]
    parts = list(states_of(EVERYTHING, 9, (TableState(TABLE, SCHEMA),), records))

    assert len(parts) == 3
    for n, part in enumerate(parts):
        assert made.next_part == ((1, 1, 0) if n == 0 else (2, 40, n))
        is_last = n == 2
        assert made.fetch(Copy(2, 40, n, is_last, written_state(part))) is is_last
    assert made.count() == 2_500
    assert value_of(made, "old") is None
    assert made.next_part == (2, 40, 0)


def test_large_items_travel_in_more_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partition.parts.PART_BYTES", 1)
    records = [Shown((TABLE, key(name)), item(name, 5), 1) for name in "abc"]

    parts = list(states_of(EVERYTHING, 9, (TableState(TABLE, SCHEMA),), records))

    assert [part.records for part in parts] == [(one,) for one in records]
    assert [len(part.tables) for part in parts] == [1, 0, 0]


def test_parts_of_two_copies_are_not_mixed() -> None:
    made = follower()
    part = written_state(State(EVERYTHING, 0, (), ()))

    made.fetch(Copy(2, 40, 0, False, part))

    assert not made.fetch(Copy(2, 50, 1, True, part))
    assert made.next_part == (1, 0, 0)


def test_a_copy_of_an_earlier_moment_is_not_taken() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5), entry(2, 6)))
    made.begins_anew()
    state = State(EVERYTHING, 0, (TableState(TABLE, SCHEMA),), ())

    assert not made.fetch(copy_of(state, position=1))
    assert value_of(made) == "6"
    assert made.fetch(copy_of(state, position=3))


def test_a_range_that_shrinks_takes_its_items_along() -> None:
    made = follower()
    heard(made, log(0, entry(1, 1, "a"), entry(2, 2, "b")))
    low, high = sorted("ab", key=lambda name: partition_hash(key(name)[0]))
    at = partition_hash(key(high)[0])
    assert made.apply(LogEntry(3, (), (), Range(0, at)))

    assert value_of(made, low) is not None
    assert isinstance(made.answer(read(high)), NotMine)
    assert made.count() == 1


@pytest.mark.parametrize("served", [EVERYTHING, Range(50, 150)])
def test_a_range_that_grows_asks_for_a_copy(served: Range) -> None:
    made = Follower(page_bytes_max=1_000)
    made.fetch(copy_of(State(Range(0, 100), 0, (TableState(TABLE, SCHEMA),), ())))

    assert not made.apply(LogEntry(1, (), (), served))


def test_a_dropped_table_is_no_more() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5)))
    dropped = TableState(TABLE, SCHEMA, dropped=True)
    heard(made, log(1, LogEntry(2, (), (dropped,), None)))

    assert isinstance(made.answer(read("a")), NotMine)
    assert made.count() == 0


# Reads --------------------------------------------------------------------------------------------


def test_a_missing_item_is_shown_with_the_lsn_of_its_tables_last_delete() -> None:
    made = follower()
    state = TableState(TABLE, SCHEMA, delete_lsn=7)
    heard(made, log(0, entry(1, None, tables=(state,))))

    answer = made.answer(read("a"))

    assert isinstance(answer, Readings)
    assert answer.readings[0].lsn == 7


def test_a_page_is_of_just_the_range_that_is_meant() -> None:
    made = follower()
    heard(made, log(0, entry(1, 5)))

    page = made.answer(OfRange(EVERYTHING, scan()))

    assert isinstance(page, Page)
    assert [one["v"][1] for one in page.items] == ["5"]
    assert isinstance(made.answer(OfRange(Range(0, 5), scan())), NotMine)


@pytest.mark.parametrize(
    "question",
    [
        read("a", of_round=1),
        read("a", of_round=2),
        Read(((LEDGER_TABLE, key("a")),), 0, ""),
        Read(((OTHER, key("a")),), 0, "k1#1"),
        OfRange(EVERYTHING, scan(LEDGER_TABLE)),
        OfRange(EVERYTHING, DropTable(TABLE)),
    ],
)
def test_what_is_no_late_read_of_a_client_is_refused(question: Read | OfRange) -> None:
    made = follower()
    heard(made, log(0, entry(1, 5)))

    assert isinstance(made.answer(question), NotMine)


def test_one_that_has_nothing_yet_refuses_everything() -> None:
    made = Follower(page_bytes_max=1_000)

    assert isinstance(made.answer(read("a")), NotMine)
    assert isinstance(made.answer(OfRange(EVERYTHING, scan())), NotMine)


# What it is told ----------------------------------------------------------------------------------


def changes(timestamp: object, *records: tuple[str, Record | None], **fields: object) -> Changes:
    kept = tuple([((TABLE, key(name)), one) for name, one in records])
    made = Changes("t1", timestamp, kept, (), 1)  # type: ignore[arg-type]  # As named below.
    return replace(made, **fields)  # type: ignore[arg-type]  # Fields by name.


def test_a_promise_says_nothing() -> None:
    promised = record(ongoing="t1")

    assert not entry_of(1, changes(NEVER, ("a", promised))).says_something


def test_a_placeholder_is_shown_as_what_it_stands_for() -> None:
    placeholder = record(None, ongoing="t1")

    (shown,) = entry_of(1, changes(ts(5), ("a", placeholder))).records
    assert shown.item is None


def test_a_commit_beside_what_is_ongoing_shows_the_committed_item_alone() -> None:
    made = record(ongoing="t2")

    (shown,) = entry_of(1, changes(ts(5), ("a", made))).records

    assert shown.item == made.item


def test_internal_tables_are_not_told() -> None:
    place = (f"{TABLE}#outbox", key("a"))
    internal = Changes("t1", ts(5), ((place, record()),), (TableState(place[0], SCHEMA),), 1)

    assert not entry_of(1, internal).says_something


def test_a_range_that_changes_is_told() -> None:
    made = entry_of(1, changes(NEVER, holding=Holding(Range(0, 5))))

    assert made.range == Range(0, 5)
