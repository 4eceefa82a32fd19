"""The disks' own rules: appends that no partition may make are refused, good ones are not."""

from network.ids import NEVER, Timestamp
from partition.record import Record, TableState
from partition.storage import Changes
from sim.checkers.disks import Disks
from tests.builders import (
    SCHEMA,
    TABLE,
    Partition,
    add,
    at,
    cancel,
    check,
    commit,
    delete,
    item,
    prepare,
    put,
    record,
    ts,
    write,
)


class Judged(Partition):
    """A partition whose every append is judged as it becomes durable."""

    def __init__(self) -> None:
        self.disks = Disks()
        super().__init__()
        self.promised: list[object] = []
        self.applied: list[object] = []

    def ask(self, message: object, *, number: int = 0, source: str = "c1") -> object:
        # Any message, passed on as it is.
        reply = super().ask(message, number=number, source=source)  # type: ignore[arg-type]  # Of any class.
        if self.last.changes is not None:
            promised, applied = self.disks.take("p1", self.last.changes)
            self.promised += promised
            self.applied += applied
        return reply

    def kinds(self) -> list[str]:
        return [wrong.kind for wrong in self.disks.wrongs]


def append(
    *records: tuple[str, Record | None],
    cause: str = "t1",
    us: int = 0,
    lsn: int = 1,
    mark: TableState | None = None,
) -> Changes:
    """Make an append of the table `t`; `us` is the timestamp of what was applied, 0 if nothing."""
    stamp = NEVER if us == 0 else Timestamp(us, "c1")
    kept = tuple((at(name), found) for name, found in records)
    return Changes(cause, stamp, kept, () if mark is None else (mark,), lsn)


def found(*appends: Changes) -> list[str]:
    disks = Disks()
    for changes in appends:
        disks.take("p1", changes)
    return [wrong.kind for wrong in disks.wrongs]


def mark(us: int, lsn: int) -> TableState:
    return TableState(TABLE, SCHEMA, ts(us), lsn)


WRITTEN = append(("a", record(us=5, lsn=1)), cause="k1#1", us=5)
PROMISED = append(("a", record(us=5, lsn=1, ongoing="t1")))


# Good ones that look suspicious -------------------------------------------------------------------


def test_all_that_a_partition_does_is_right() -> None:
    partition = Judged()
    partition.ask_each(
        prepare(put("a"), put("b"), us=10),
        commit("a", "b"),
        prepare(check("a"), delete("b"), check("c", "attribute_not_exists(k)"), us=20),
        commit("a", "b", "c"),
        prepare(put("b"), us=30, transaction="t2"),
        cancel("b", transaction="t2"),
        prepare(add("a"), us=40, transaction="t3"),
        commit("a", transaction="t3"),
    )

    assert partition.kinds() == []
    assert len(partition.promised) == 7
    assert partition.applied == [
        (at("a"), -1, 1),
        (at("b"), -1, 2),
        (at("a"), 1, None),
        (at("b"), 2, -1 - 4),
        (at("c"), -1, None),
        (at("a"), 1, 6),
    ]


def test_singletons_of_a_partition_are_right() -> None:
    partition = Judged()
    for action in (put("a"), delete("a"), delete("a"), put("a", 2), add("a")):
        partition.disks.take("p1", changes_of(partition, action))

    assert partition.kinds() == []


def changes_of(partition: Judged, action: object) -> Changes:
    Partition.ask(partition, write(action))  # type: ignore[arg-type]  # Any of the actions.
    assert partition.last.changes is not None
    return partition.last.changes


def test_an_older_timestamp_is_right_on_another_item() -> None:
    other = append(("b", record(us=3, lsn=2)), cause="k1#2", us=3, lsn=2)

    assert found(WRITTEN, other) == []


def test_deletes_of_one_commit_share_its_timestamp_and_are_right() -> None:
    partition = Judged()
    partition.ask_each(prepare(put("a"), put("b"), us=10), commit("a", "b"))
    partition.ask_each(prepare(delete("a"), delete("b"), delete("c"), us=20))
    partition.ask_each(commit("a", "b", "c"))

    assert partition.kinds() == []
    assert partition.state().max_delete_timestamp == ts(20)


def test_a_promise_that_outlives_a_delete_of_another_item_is_right() -> None:
    placeholder = Record(None, NEVER, 0, record(ongoing="t1").ongoing)
    promised = append(("a", placeholder))
    other_went = append(("b", None), cause="k1#1", us=200, lsn=1, mark=mark(200, 0))
    applied = append(("a", record(us=100, lsn=2)), us=100, lsn=2)

    assert found(promised, other_went, applied) == []


def test_a_record_that_moves_is_what_it_was() -> None:
    disks = Disks()
    disks.take("p1", append(("a", record(us=5, lsn=7)), cause="k1#1", us=5, lsn=7))
    disks.take("p1", append(("a", record(us=5, lsn=7, ongoing="t1")), lsn=7))
    disks.adopt("p2", append(("a", record(us=5, lsn=7, ongoing="t1")), cause="", lsn=7))
    disks.adopt("p1", append(("a", None), cause="", lsn=7))

    disks.take("p2", append(("a", record(us=100, lsn=8)), us=100, lsn=8))

    assert disks.wrongs == []


# Wrong ones ---------------------------------------------------------------------------------------


def test_a_timestamp_that_falls_is_found() -> None:
    assert found(WRITTEN, append(("a", record(us=4, lsn=2)), cause="k1#2", us=4, lsn=2)) == [
        "timestamp fell"
    ]


def test_a_delete_that_its_table_forgets_is_found() -> None:
    gone = append(("a", None), cause="k1#2", us=9, lsn=2, mark=mark(4, 2))

    assert found(WRITTEN, gone) == ["timestamp fell"]


def test_an_lsn_that_comes_twice_is_found() -> None:
    assert found(WRITTEN, append(("a", record(us=6, lsn=1)), cause="k1#2", us=6, lsn=1)) == [
        "LSN repeated"
    ]


def test_a_delete_that_leaves_no_lsn_is_found() -> None:
    gone = append(("a", None), cause="k1#2", us=9, lsn=2, mark=mark(9, 0))

    assert found(WRITTEN, gone) == ["LSN repeated"]


def test_a_write_over_what_is_promised_is_found() -> None:
    over = append(("a", record(us=6, lsn=2)), cause="k1#2", us=6, lsn=2)

    assert found(WRITTEN, PROMISED, over) == ["promise broken"]


def test_a_cancel_of_what_is_promised_to_another_is_found() -> None:
    cancelled = append(("a", record(us=5, lsn=1)), cause="t2")

    assert found(WRITTEN, PROMISED, cancelled) == ["promise broken"]


def test_a_commit_without_a_promise_is_found() -> None:
    twice = append(("a", record(us=100, lsn=2)), us=100, lsn=2)
    again = append(("a", record(us=100, lsn=3)), us=100, lsn=3)

    assert found(WRITTEN, PROMISED, twice) == []
    assert found(WRITTEN, PROMISED, twice, again) == ["applied unpromised"]


def test_a_commit_of_something_else_is_found() -> None:
    other = append(("a", record(7, us=100, lsn=2)), us=100, lsn=2)

    assert found(WRITTEN, PROMISED, other) == ["applied otherwise"]


def test_a_cancel_that_takes_the_item_is_found() -> None:
    assert found(WRITTEN, PROMISED, append(("a", None), mark=mark(5, 1))) == ["changed unasked"]


def test_a_cancel_that_moves_the_timestamp_is_found() -> None:
    assert found(WRITTEN, PROMISED, append(("a", record(us=100, lsn=1)))) == ["changed unasked"]


def test_a_commit_at_another_timestamp_than_its_promise_is_found() -> None:
    late = append(("a", record(us=150, lsn=2)), us=150, lsn=2)

    assert found(WRITTEN, PROMISED, late) == ["stamped otherwise"]


def test_a_write_that_leaves_a_later_timestamp_than_its_own_is_found() -> None:
    late = append(("a", record(us=9, lsn=2)), cause="k1#2", us=8, lsn=2)

    assert found(WRITTEN, late) == ["stamped otherwise"]


def test_a_delete_of_nothing_that_its_table_forgets_is_found() -> None:
    assert found(append(("a", None), cause="k1#1", us=9, lsn=1)) == ["stamped otherwise"]


def test_a_check_that_moves_the_lsn_is_found() -> None:
    partition = Judged()
    partition.ask_each(prepare(put("a"), us=10), commit("a"), prepare(check("a"), us=20))
    checked = Record(partition.record().item, ts(20), 2)

    partition.disks.take("p1", append(("a", checked), us=20, lsn=2))

    assert partition.kinds() == ["changed unasked"]


def test_a_mark_that_moves_where_nothing_went_is_found() -> None:
    opened = append(mark=mark(0, 0), lsn=0)
    raised = append(("a", record(us=5, lsn=1)), cause="k1#1", us=5, mark=mark(5, 0))
    nothing_went = append(("a", None), cause="k1#1", us=5, mark=mark(5, 1))

    assert found(opened, raised) == ["mark moved"]
    assert found(opened, nothing_went) == ["mark moved"]


def test_a_prepare_that_is_rejected_and_keeps_something_is_found() -> None:
    disks = Disks()

    disks.rejected("p1", "t1", PROMISED)

    (wrong,) = disks.wrongs
    assert wrong.kind == "rejected and kept"
    assert wrong.text == "p1: t1 was rejected, and left its mark on a"


def test_a_promise_that_shows_the_item_is_found() -> None:
    ongoing = record(ongoing="t1").ongoing
    shown = append(("a", Record(item(value=2), ts(5), 1, ongoing)))

    assert found(WRITTEN, shown) == ["changed unasked"]


def test_what_is_wrong_says_where_and_whose() -> None:
    disks = Disks()
    for changes in (WRITTEN, PROMISED, append(("a", record(us=5, lsn=1)), cause="t2")):
        disks.take("p1", changes)

    (wrong,) = disks.wrongs
    assert wrong.text == "p1: t2 changed what is promised of a, to t1"
    assert wrong.transaction == "t2"
