"""A partition's streams, asked directly: what leaves a record, when it is released, and where."""

from dataclasses import replace
from typing import Any

import pytest

from items.actions import Action
from items.keys import KeyAttribute, KeySchema, placement_hash
from items.values import Item
from network.ids import TableId
from network.messages import (
    Accept,
    Done,
    DropTable,
    FindShards,
    Message,
    NotMine,
    OfRange,
    ReadStream,
    Serve,
    SetTable,
    ShardGone,
    Shards,
    Split,
    StreamPage,
    Votes,
    WriteRefused,
    Written,
)
from network.placement import HASHES, Range
from network.settings import StreamSettings, TableSettings
from network.streams import Shard, StreamRecord, node_of_shard, sequence_number, sequence_of
from partition import memory, parts, stream
from partition.machine import Machine
from partition.options import PartitionOptions
from partition.storage import Stored
from partition.streams import Streams
from tests.builders import (
    SCHEMA,
    TABLE,
    Partition,
    add,
    cancel,
    check,
    commit,
    delete,
    item,
    key,
    prepare,
    put,
    read,
    ts,
    write,
)
from tests.partition.halves import (
    AT,
    CONFIGURED,
    GIVEN,
    HIGH,
    HIGHER,
    LOW,
    LOWER,
    Child,
    carry,
    settle,
)

DAY_US = 86_400_000_000


def switched(view: str = "NEW_AND_OLD_IMAGES", *, revision: int = 1, label: str = "l") -> SetTable:
    return SetTable(
        TableId(TABLE), TableSettings(revision, None, StreamSettings(label, view, "things"))
    )


OFF = SetTable(TableId(TABLE), TableSettings(2))


class Streaming(Partition):
    """A partition whose table has a stream."""

    def __init__(self, view: str = "NEW_AND_OLD_IMAGES", **options: Any) -> None:
        self._stream_options = PartitionOptions(**options)
        super().__init__()
        self.clock_us = 1_000
        self.ask(switched(view))

    def _start(self, stored: Stored) -> Machine:
        return Machine("p1", self._owned, stored, self._stream_options, self.elapsed_us)


def shards(partition: Partition) -> tuple[Shard, ...]:
    found: Shards = partition.ask(FindShards("", ""))
    return found.shards


def released(partition: Partition, shard: str = "") -> list[StreamRecord]:
    """Read a shard to its end; all of them, in order, if none is named."""
    names = [shard] if shard else [one.id for one in shards(partition)]
    found: list[StreamRecord] = []
    for name in names:
        page: StreamPage = partition.ask(ReadStream(name, 0, 1_000, 1 << 20))
        found += page.records
    return found


def names(records: list[StreamRecord]) -> str:
    return "".join(record.key[0][1] for record in records)


def kept(partition: Partition) -> str:
    """Read what is there of the one shard, as who asks for where it begins."""
    (shard,) = shards(partition)
    page: StreamPage = partition.ask(ReadStream(shard.id, shard.trimmed, 1_000, 1 << 20))
    return names(list(page.records))


def size_of(*actions: Action) -> int:
    """Say how long the record of the last of these writes is."""
    partition = Streaming()
    partition.ask_each(*map(write, actions))
    return released(partition)[-1].size_bytes


def told(record: StreamRecord) -> tuple[str, Item | None, Item | None]:
    return record.event, record.old, record.new


# What leaves a record -----------------------------------------------------------------------------


def test_each_change_of_an_item_leaves_one_record() -> None:
    partition = Streaming()

    partition.ask_each(write(put("a", 1)), write(add("a", 1)), write(delete("a")))

    assert [told(record) for record in released(partition)] == [
        ("INSERT", None, item("a", 1)),
        ("MODIFY", item("a", 1), item("a", 2)),
        ("REMOVE", item("a", 2), None),
    ]


def test_a_committed_transactions_records_carry_its_id_and_a_singletons_none() -> None:
    partition = Streaming()

    partition.ask_each(write(put("b")), prepare(put("a"), delete("b"), us=5_000), commit("a", "b"))

    found = released(partition)
    assert [(one.event, one.transaction) for one in found] == [
        ("INSERT", ""),
        ("INSERT", "t1"),
        ("REMOVE", "t1"),
    ]
    assert [one.timestamp for one in found[1:]] == [ts(5_000)] * 2


QUIET: dict[str, list[Message]] = {
    "a put of the very same item": [write(put("a"))],
    "an update that changes nothing": [write(add("a", 0))],
    "a delete of what is not there": [write(delete("b"))],
    "a condition that is false": [write(put("a", 2, "attribute_not_exists(k)"))],
    "a condition check": [prepare(check("a"), us=5_000), commit("a")],
    "a prepare": [prepare(put("a", 2), us=5_000)],
    "a cancel": [prepare(put("a", 2), us=5_000), cancel("a")],
    "a rejected prepare": [prepare(put("a", 2), us=1)],
    "a commit of nothing": [commit("a")],
    "a read": [read("a")],
}


@pytest.mark.parametrize("quiet", QUIET.values(), ids=QUIET)
def test_what_changes_nothing_leaves_no_record(quiet: list[Message]) -> None:
    partition = Streaming()
    partition.ask(write(put("a")))
    before = released(partition)
    assert len(before) == 1

    partition.ask_each(*quiet)

    assert released(partition) == before
    assert len(partition.contents.stream) == 1


def test_a_commit_that_comes_twice_leaves_its_records_once() -> None:
    partition = Streaming()

    partition.ask_each(prepare(put("a"), us=5_000), commit("a"), commit("a"))

    assert names(released(partition)) == "a"


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("KEYS_ONLY", (None, None)),
        ("OLD_IMAGE", (item("a", 1), None)),
        ("NEW_IMAGE", (None, item("a", 2))),
        ("NEW_AND_OLD_IMAGES", (item("a", 1), item("a", 2))),
    ],
)
def test_a_record_shows_what_the_view_says(view: str, shown: tuple[Item, Item]) -> None:
    partition = Streaming(view)

    partition.ask_each(write(put("a", 1)), write(put("a", 2)))

    last = released(partition)[-1]
    assert (last.event, last.old, last.new) == ("MODIFY", *shown)


def test_sizes_are_of_key_and_images() -> None:
    sizes = []
    for view in ("KEYS_ONLY", "NEW_IMAGE"):
        partition = Streaming(view)
        partition.ask(write(put("a", 1)))
        sizes.append(released(partition)[0].size_bytes)

    keys_only, with_image = sizes
    assert (keys_only, with_image) == (2, 2 + len("k" + "a" + "v") + 2)


def test_sizes_are_those_of_the_records_that_aws_shows() -> None:
    """The sample event of AWS's guide to Lambda with DynamoDB Streams has 26, 59 and 38."""
    schema, own_key = KeySchema(KeyAttribute("Id", "N")), ("N", "101")
    first: Item = {"Id": own_key, "Message": ("S", "New item!")}
    second: Item = {"Id": own_key, "Message": ("S", "This item has changed")}
    change = stream.Change(TableId("t"), schema, (own_key,), 1, ts(1), "", 0)
    settings = StreamSettings("l", "NEW_AND_OLD_IMAGES")
    steps = [(None, first), (first, second), (second, None)]

    made = [stream.record_of(change, before, after, settings) for before, after in steps]

    assert [record and record.size_bytes for record in made] == [26, 59, 38]


def test_a_table_without_a_stream_leaves_nothing_and_costs_nothing() -> None:
    partition = Partition()

    partition.ask(write(put("a")))

    assert partition.last.changes is not None
    assert partition.last.changes.streams is None
    assert shards(partition) == ()
    assert partition.contents.load().streams is None


def test_a_record_is_in_the_append_of_its_change() -> None:
    partition = Streaming()

    partition.ask(write(put("a")))

    changes = partition.last.changes
    assert changes is not None
    assert changes.streams is not None
    assert len(changes.records) == len(changes.streams.records) == 1


# When it is released ------------------------------------------------------------------------------


def waiting() -> Streaming:
    """Return a partition where t2@20 has changed b, and t1@10 is ongoing on a."""
    partition = Streaming()
    partition.ask(prepare(put("a"), transaction="t1", us=10))
    partition.ask(prepare(put("b"), transaction="t2", us=20))
    partition.ask(commit("b", transaction="t2"))
    return partition


def test_a_record_waits_while_something_earlier_is_ongoing() -> None:
    partition = waiting()

    assert released(partition) == []
    partition.ask(commit("a", transaction="t1"))

    assert names(released(partition)) == "ab"
    changes = partition.last.changes
    assert changes is None  # That was the read; the commit had released both.


def test_of_what_has_ended_meanwhile_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ENDED_MAX", 3)
    streaming = waiting()
    kept = []

    for n in range(20):
        streaming.ask(prepare(put("z"), transaction=f"t{n + 10}", us=10_000 + n))
        streaming.ask(cancel("z", transaction=f"t{n + 10}"))
        kept.append(len(streaming.machine._ages or ()))

    assert max(kept) == 3 + 2
    assert not released(streaming)


def test_a_release_is_in_the_append_of_what_makes_it_possible() -> None:
    for end in (commit, cancel):
        partition = waiting()

        partition.ask(end("a", transaction="t1"))

        changes = partition.last.changes
        assert changes is not None
        assert changes.streams is not None
        assert [one.sequence > 0 for one in changes.streams.records] == [True] * (
            2 if end is commit else 1
        )


def test_what_waits_is_there_after_a_restart() -> None:
    partition = waiting()
    partition.restart()
    assert released(partition) == []

    partition.ask(cancel("a", transaction="t1"))

    assert names(released(partition)) == "b"


def test_a_singleton_waits_as_well() -> None:
    partition = Streaming()
    partition.ask(prepare(put("a"), us=10))

    partition.ask(write(put("c")))

    assert released(partition) == []


def test_what_is_ongoing_later_holds_nobody_up() -> None:
    partition = Streaming()
    partition.ask(prepare(put("a"), us=5_000))

    partition.ask(write(put("c")))

    assert names(released(partition)) == "c"


def test_a_transaction_does_not_wait_for_itself() -> None:
    partition = Streaming()
    partition.ask(prepare(put("a"), put("b"), us=10))

    partition.ask(commit("a"))

    assert names(released(partition)) == "a"


def test_sequence_numbers_rise_and_never_change() -> None:
    partition = Streaming()
    partition.ask_each(write(put("a")), write(put("b")))
    before = released(partition)

    partition.restart()
    partition.ask(write(put("c"), incarnation=2))

    after = released(partition)
    assert after[:2] == before
    numbers = [one.sequence for one in after]
    assert numbers == sorted(set(numbers))


# Shards -------------------------------------------------------------------------------------------


def test_a_stream_that_is_switched_off_ends_its_shard_and_can_be_read() -> None:
    partition = Streaming()
    partition.ask(write(put("a")))

    partition.ask_each(OFF, write(put("b")))

    (shard,) = shards(partition)
    page = partition.ask(ReadStream(shard.id, 0, 10, 1_000))
    assert names(list(page.records)) == "a"
    assert page.ends


def test_a_stream_ends_after_what_waits_in_it() -> None:
    for end in (OFF, DropTable(TableId(TABLE))):
        partition = waiting()
        partition.ask(write(put("c")))

        partition.ask(end)
        if end is OFF:
            assert shards(partition)[0].is_open
            partition.restart()
            partition.ask(commit("a", transaction="t1"))

        (shard,) = shards(partition)
        assert not shard.is_open
        assert names(released(partition)) == "bc"
        assert sequence_number(shard.last) > sequence_number(released(partition)[-1].sequence)


def test_a_new_stream_of_a_table_has_a_shard_of_its_own() -> None:
    partition = Streaming()
    partition.ask(write(put("a")))

    partition.ask_each(OFF, switched(revision=3, label="m"), write(put("b")))

    old, new = shards(partition)
    assert (old.stream.label, old.is_open, new.stream.label, new.is_open) == ("l", False, "m", True)
    assert new.parent == ""
    assert names(released(partition, new.id)) == "b"


def test_the_same_order_again_changes_nothing() -> None:
    partition = Streaming()

    partition.ask(switched())

    assert partition.last.changes is None
    assert len(shards(partition)) == 1


def test_shards_are_named_as_the_service_names_them() -> None:
    (shard,) = shards(Streaming())

    assert 28 <= len(shard.id) <= 65
    assert node_of_shard(shard.id) == "p1"
    assert [
        node_of_shard(name) for name in ("", "shardId-1", "x-00000001", "shardId-0-000000zz")
    ] == [""] * 4
    assert len(sequence_number(shard.first)) >= 21
    assert sequence_of(sequence_number(shard.first)) == shard.first
    assert sequence_of("7") == sequence_of("x") == -1


# Reading ------------------------------------------------------------------------------------------


def test_a_page_has_its_limits() -> None:
    partition = Streaming()
    partition.ask_each(*(write(put(name)) for name in "abcd"))
    (shard,) = shards(partition)
    size = released(partition)[0].size_bytes

    pages = [
        partition.ask(ReadStream(shard.id, 0, 3, 1 << 20)),
        partition.ask(ReadStream(shard.id, 0, 10, 2 * size)),
        partition.ask(ReadStream(shard.id, 0, 10, 1)),
    ]

    assert [names(list(page.records)) for page in pages] == ["abc", "ab", "a"]
    assert not any(page.ends for page in pages)
    following = partition.ask(ReadStream(shard.id, pages[0].after, 3, 1 << 20))
    assert names(list(following.records)) == "d"


def test_a_shard_that_nobody_knows_is_gone() -> None:
    for partition in (Streaming(), Partition()):
        assert partition.ask(ReadStream("shardId-x", 0, 1, 1)) == ShardGone(is_trimmed=False)


def test_the_oldest_records_go_when_there_are_too_many() -> None:
    partition = Streaming(stream_records_max=2)
    partition.ask_each(*(write(put(name)) for name in "abc"))
    (shard,) = shards(partition)

    assert partition.ask(ReadStream(shard.id, shard.first, 9, 999)) == ShardGone(is_trimmed=True)
    found = partition.ask(ReadStream(shard.id, shard.trimmed, 9, 999))
    assert names(list(found.records)) == "bc"
    partition.restart()
    assert shards(partition)[0].trimmed == shard.trimmed
    assert len(partition.contents.stream) == 2


def test_the_oldest_records_go_when_they_are_too_long_together() -> None:
    partition = Streaming(stream_bytes_max=2 * size_of(put()))
    partition.ask_each(write(put("a")), write(put("b")))
    assert kept(partition) == "ab"

    partition.ask(write(put("c")))

    (shard,) = shards(partition)
    assert partition.ask(ReadStream(shard.id, shard.first, 9, 999)) == ShardGone(is_trimmed=True)
    assert kept(partition) == "bc"


def test_one_byte_too_many_is_too_long() -> None:
    partition = Streaming(stream_bytes_max=2 * size_of(put()) - 1)

    partition.ask_each(write(put("a")), write(put("b")))

    assert kept(partition) == "b"


def test_a_record_that_is_too_long_by_itself_is_read_until_the_next_one_comes() -> None:
    partition = Streaming(stream_bytes_max=size_of(put()) - 1)

    for name in "abc":
        partition.ask(write(put(name)))

        assert kept(partition) == name


def test_a_long_record_sends_as_many_away_as_it_takes() -> None:
    size, long = size_of(put()), size_of(put(value=10**37 + 1))
    partition = Streaming(stream_bytes_max=long + 2 * size)
    partition.ask_each(*(write(put(name)) for name in "abcd"))
    assert kept(partition) == "abcd"

    partition.ask(write(put("e", 10**37 + 1)))

    assert kept(partition) == "cde"


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_partition_that_comes_back_knows_how_long_its_records_are(comes_back: bool) -> None:
    partition = Streaming(stream_bytes_max=3 * size_of(put()))
    partition.ask_each(*(write(put(name)) for name in "abcd"))
    if comes_back:
        partition.restart()

    partition.ask(write(put("e"), incarnation=1 + comes_back))

    assert kept(partition) == "cde"


def test_what_is_gone_after_a_day_makes_place() -> None:
    partition = Streaming(stream_bytes_max=2 * size_of(put()))
    partition.ask_each(write(put("a")), write(put("b")))
    partition.clock_us += DAY_US + 2
    assert kept(partition) == ""

    partition.ask_each(write(put("c")), write(put("d")))

    assert kept(partition) == "cd"


def test_records_go_after_a_day_and_a_shard_that_has_ended_with_them() -> None:
    partition = Streaming()
    partition.ask_each(write(put("a")), OFF)
    partition.clock_us += DAY_US
    assert names(released(partition)) == "a"

    partition.clock_us += 2
    partition.ask(FindShards("", ""))

    assert shards(partition) == ()
    assert partition.contents.stream == {}
    partition.restart()
    assert shards(partition) == ()


def test_records_that_go_at_once_are_one_change_of_their_shard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes: list[int] = []

    def trimmed(shard: Shard, sequence: int) -> Shard:
        changes.append(sequence)
        return replace(shard, trimmed=sequence)

    monkeypatch.setattr(stream, "trimmed", trimmed)
    partition = Streaming()
    partition.ask_each(*(write(put(name)) for name in "abc"))
    last = released(partition)[-1].sequence
    partition.clock_us += DAY_US + 2

    (shard,) = shards(partition)

    assert changes == [last]
    assert shard.trimmed == last
    assert partition.contents.stream == {}


def test_a_look_at_one_tables_shards_is_none_at_those_of_others() -> None:
    streams = Streams("p1", None, PartitionOptions())
    for name in ("ants", "bees", "ants"):
        label = str(streams.sequence)
        settings = StreamSettings(label, "KEYS_ONLY", name)
        streams.begin(TableId(f"{name}{label}"), SCHEMA, settings, now_us=0)
    (bees,) = streams.found("bees", "")
    del streams.shards[bees.id]  # So whoever looks at it falls.

    first, second = streams.found("ants", "")

    assert (first.stream.table_name, first.id < second.id) == ("ants", True)
    assert streams.found("ants", second.stream.label) == (second,)
    assert streams.found("wasps", "") == ()


def test_who_comes_after_more_than_a_day_is_told_where_the_shard_begins_now() -> None:
    partition = Streaming()
    partition.ask_each(write(put("a")), write(put("b")))
    partition.clock_us += DAY_US + 2

    (shard,) = shards(partition)

    page = partition.ask(ReadStream(shard.id, max(shard.first, shard.trimmed), 9, 999))
    assert page != ShardGone(is_trimmed=True)
    assert page.records == ()


def test_numbers_go_on_where_everything_is_gone() -> None:
    partition = Streaming(stream_records_max=0)
    partition.ask(write(put("a")))
    before = partition.contents.sequence

    partition.restart()
    partition.ask(write(put("b"), incarnation=2))

    assert partition.contents.sequence == before + 1


# A partition that splits --------------------------------------------------------------------------


def split(*before: Message, streaming: Streaming | None = None) -> tuple[Streaming, Child]:
    """Return a parent that was asked all this, and its child with all that is carried."""
    parent, child = streaming or Streaming(), Child()
    parent.ask_each(*before, Split(AT, "p2"))
    carry(parent, child)
    return parent, child


def both(*before: Message) -> tuple[Streaming, Child]:
    parent, child = split(*before)
    settle(parent, GIVEN)
    assert child.ask(Serve(GIVEN)) == Done(())
    return parent, child


def test_a_split_ends_the_parents_shard_and_begins_two() -> None:
    parent, child = both(write(put(LOW)), write(put(HIGH)))

    before, after = shards(parent)
    (born,) = shards(child)
    assert not before.is_open
    assert after.is_open
    assert born.is_open
    assert after.parent == born.parent == before.id
    assert min(after.first, born.first) >= before.last - 1
    assert len({before.id, after.id, born.id}) == 3


def test_a_childs_shard_is_no_older_than_its_parent_however_late_its_clock_is() -> None:
    parent, child = both()

    (before, _), (born,) = shards(parent), shards(child)
    assert child.clock_us < before.opened_us == born.opened_us


def test_each_goes_on_in_its_own_shard() -> None:
    parent, child = both(write(put(LOW, 1)), write(put(HIGH, 1)))

    parent.ask(write(put(LOW, 2)))
    child.ask(write(put(HIGH, 2)))

    before, after = shards(parent)
    (born,) = shards(child)
    assert names(released(parent, before.id)) == LOW + HIGH
    assert [told(one) for one in released(parent, after.id)] == [
        ("MODIFY", item(LOW, 1), item(LOW, 2))
    ]
    assert [told(one) for one in released(child, born.id)] == [
        ("MODIFY", item(HIGH, 1), item(HIGH, 2))
    ]
    numbers = [one.sequence for one in released(parent, before.id)]
    assert max(numbers) < min(one.sequence for one in released(child, born.id))


def held_up(*more: Message) -> list[Message]:
    """Let changes on either side wait for t1, which is ongoing on both."""
    return [
        prepare(put(LOWER), put(HIGHER), transaction="t1", us=10),
        prepare(put(LOW), put(HIGH), transaction="t2", us=20),
        commit(LOW, HIGH, transaction="t2"),
        *more,
    ]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
def test_what_waits_goes_where_its_item_went(again: bool) -> None:
    parent, child = both(*held_up())
    if again:
        parent.restart()
        child.restart()
    assert released(parent) == released(child) == []

    parent.ask(commit(LOWER, transaction="t1"))
    child.ask(commit(HIGHER, transaction="t1"))

    assert names(released(parent)) == LOWER + LOW
    assert names(released(child)) == HIGHER + HIGH
    assert {one.transaction for one in released(child)} == {"t1", "t2"}


@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
def test_while_a_range_leaves_nothing_is_released(again: bool) -> None:
    """Else the parent's shard would end with a change that comes after what the child has yet."""
    parent, _ = split(*held_up(), prepare(put("z"), transaction="t3", us=30))
    if again:
        parent.restart()

    parent.ask(commit(LOWER, transaction="t1"))
    parent.ask(write(put(LOW, 7), incarnation=parent.machine.incarnation))

    assert released(parent) == []
    settle(parent, GIVEN)
    before, after = shards(parent)
    assert released(parent, before.id) == []
    assert names(released(parent, after.id)) == LOWER + LOW + LOW


def test_a_split_that_is_undone_releases_what_it_held_up() -> None:
    parent, _ = split(*held_up())
    parent.ask(commit(LOWER, transaction="t1"))

    settle(parent, CONFIGURED.unchanged())
    parent.ask(commit(HIGHER, transaction="t1"))

    (shard,) = shards(parent)
    assert shard.is_open
    # t1's change of the lower item waited for nobody, and t2's for t1's other half.
    assert names(released(parent)) == LOWER + HIGHER + LOW + HIGH


def test_a_child_that_hears_everything_twice_has_it_once() -> None:
    parent, child = split(*held_up())
    parent.restart()
    child.restart()
    carry(parent, child)
    settle(parent, GIVEN)
    child.ask(Serve(GIVEN))

    child.ask(commit(HIGHER, transaction="t1"))

    assert names(released(child)) == HIGHER + HIGH
    assert len(shards(child)) == 1


def test_a_child_shows_nothing_before_it_serves() -> None:
    _, child = split(*held_up())

    assert child.ask(FindShards("", "")) == NotMine("")
    child.restart()
    assert child.ask(FindShards("", "")) == NotMine("")


def test_the_grandchildren_come_after_the_children() -> None:
    parent, _ = both(write(put(LOW)))

    parent.ask_each(Split(AT // 2, "p3"))
    settle(parent, GIVEN.split("p1", AT // 2, "p3"))

    chain = {one.id: one.parent for one in shards(parent)}
    first, second, third = chain
    assert chain == {first: "", second: first, third: second}


def test_a_stream_that_was_switched_off_does_not_go_on_in_a_child() -> None:
    parent, child = both(write(put(HIGH)), OFF)

    child.ask(write(put(HIGH, 2)))

    assert [one.is_open for one in shards(parent)] == [False]
    assert shards(child) == ()


def test_a_stream_is_switched_at_either_part() -> None:
    parent, child = both()
    for partition, owned in ((parent, Range(0, AT)), (child, Range(AT, HASHES))):
        partition.ask(OfRange(owned, OFF))

        assert all(not one.is_open for one in shards(partition))


@pytest.mark.parametrize("limit", ["PART_MAX", "PART_BYTES"])
def test_much_that_waits_travels_in_parts(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(parts, limit, 1)
    parent, child = split(*held_up(write(put("n")), write(put("o")), write(put("p"))))
    with_streams: list[Any] = [one for one in parent.machine.carries() if one.streams]

    settle(parent, GIVEN)
    child.ask_each(Serve(GIVEN), commit(HIGHER, transaction="t1"))

    assert len(with_streams) > 1
    moved = [name for name in "nop" if placement_hash(key(name)) >= AT]
    assert names(released(child)) == HIGHER + HIGH + "".join(moved)
    assert len(shards(child)) == 1


# Limits -------------------------------------------------------------------------------------------


def test_when_too_much_waits_there_is_no_new_work_and_what_is_older_can_end() -> None:
    partition = Streaming(stream_waiting_max=2)
    partition.ask(prepare(put("a"), transaction="t1", us=10))
    partition.ask(prepare(put("e"), transaction="t5", us=5_000))
    partition.ask_each(write(put("b")), write(put("c")))

    refused = partition.ask(write(put("d")))
    voted = partition.ask(prepare(put("d"), transaction="t2", us=9_000))
    again = partition.ask(prepare(put("e"), transaction="t5", us=5_000))

    assert isinstance(refused, WriteRefused)
    assert refused.error == "ProvisionedThroughputExceededException"
    assert [vote.reason.code for vote in voted.votes] == ["ProvisionedThroughputExceeded"]
    assert again == Votes((Accept(),))
    assert partition.value("b") == 1
    partition.ask(commit("a", transaction="t1"))
    assert names(released(partition)) == "abc"
    assert isinstance(partition.ask(write(put("d"))), Written)


def test_a_parent_that_crashed_after_the_commit_point_ends_its_shard_when_it_is_back() -> None:
    """Until then readers wait for it, and what the child releases is read later."""
    parent, child = split(write(put(LOW)), write(put(HIGH, 1)))
    child.ask(Serve(GIVEN))
    child.ask(write(put(HIGH, 2)))

    (before,) = shards(parent)
    (born,) = shards(child)
    assert (before.is_open, born.parent) == (True, before.id)
    parent.restart()
    settle(parent, GIVEN)

    assert [one.is_open for one in shards(parent)] == [False, True]
    assert names(released(parent, before.id)) == LOW + HIGH
    assert [told(one) for one in released(child)] == [("MODIFY", item(HIGH, 1), item(HIGH, 2))]
