"""The streams of a run against its appends, its tables and its readers: one piece falsified."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

import sim.scenario
from network.ids import NEVER
from network.settings import StreamSettings, TableSettings
from network.streams import INSERT, MODIFY, Shard, StreamRecord
from partition import stream
from partition.options import PartitionOptions
from partition.record import TableState
from partition.storage import Changes
from partition.stream import StoredStreams, StreamChanges
from partition.streams import Streams
from sim.checkers import streams
from sim.checkers.all import data_of
from sim.checkers.evidence import Evidence, Version
from sim.checkers.finding import Finding
from sim.checkers.stream_appends import StreamAppends
from sim.checkers.stream_limits import Held
from sim.checkers.stream_order import topological
from sim.checkers.streams import check_streams, on_now
from sim.checkers.streams_kept import Kept, kept_by
from sim.clock import EPOCH_US
from sim.cluster_run import Run
from sim.history import History, Operation
from sim.scenario import load
from tests.builders import SCHEMA, TABLE, at, key, record, ts

DAY_US = 86_400_000_000
SEED = 2  # With splits, crashes, records that waited, and iterators that expired.
SWITCHED_SEED = 4  # With a stream that is switched off and on, and is on in the end.
SEEDS, SEEDS_SOAK = 3, 400
STREAM = StreamSettings("2026-11-22T08:00:00.000", "KEYS_ONLY", "things")


class Story:
    """A run that is over, with all its evidence."""

    def __init__(self, scenario: str = "change-feed", seed: int = SEED, **more: str) -> None:
        self.run = Run(load(scenario, more), seed)
        self.result = self.run.go()
        assert self.run.witness.streams is not None
        self.appends = self.run.witness.streams
        self.reader = self.run.readers[0]
        self.evidence = Evidence(self.run.history, self.run.witness, self.run.workload.tables)

    def findings(self) -> list[Finding]:
        cluster = self.run.cluster
        tables = data_of(cluster, self.run.witness)
        return list(check_streams(self.evidence, cluster, self.appends, tables, self.run.readers))

    def kinds(self) -> set[str]:
        return {finding.kind for finding in self.findings()}

    def disk_of(self, record: StreamRecord) -> dict[int, StreamRecord]:
        """Return what the disk has that has this record."""
        disks = self.run.cluster.disks
        found = (disks[name].contents.stream for name in self.run.cluster.partitions)
        return next(stream for stream in found if record in stream.values())

    def records(self) -> list[StreamRecord]:
        kept = kept_by(self.run.cluster)
        return [record for shard in kept.shards for record in kept.records[shard.id]]

    def change(self, record: StreamRecord, **more: Any) -> None:
        self.disk_of(record)[record.lsn] = replace(record, **more)

    def lineage(self) -> tuple[Shard, Shard]:
        """Return a shard and one that came of it."""
        shards = {one.id: one for one in kept_by(self.run.cluster).shards}
        child = next(one for one in shards.values() if one.parent)
        return shards[child.parent], child

    def change_shard(self, shard: Shard, **more: Any) -> None:
        for disk in self.run.cluster.disks.values():
            if shard.id in disk.contents.shards:
                disk.contents.shards[shard.id] = replace(shard, **more)


@pytest.fixture
def story() -> Story:
    return Story()


def test_the_true_story_has_no_finding_and_all_that_is_hard(story: Story) -> None:
    marks = story.result.marks
    for mark in ("stream.waited", "iterator.expired", "partition.split_committed"):
        assert marks[mark] > 0
    assert story.result.findings == ()
    assert story.findings() == []
    assert "streams" in story.result.checks
    seen = story.result.streams
    assert seen is not None
    assert seen.got == (seen.records,) == (len(story.records()),)
    assert seen.children > 0


Falsify = Callable[[Story], None]


def a_record_is_lost(story: Story) -> None:
    record = story.records()[5]
    del story.disk_of(record)[record.lsn]


def a_record_still_waits(story: Story) -> None:
    story.change(story.records()[-1], sequence=0, shard="")


def a_record_comes_twice(story: Story) -> None:
    record = story.records()[-1]
    story.disk_of(record)[10**6] = replace(record, sequence=record.sequence + 1)


def an_image_is_another(story: Story) -> None:
    record = next(one for one in story.records() if one.new is not None and one.old is not None)
    story.change(record, old={**record.old, "x": ("S", "y")} if record.old else None)


def the_last_image_is_another(story: Story) -> None:
    record = next(one for one in reversed(story.records()) if one.new is not None)
    story.change(record, new={**record.new, "x": ("S", "y")} if record.new else None)


def an_item_was_changed_in_silence(story: Story) -> None:
    story.run.cluster.disks["p1"].contents.records.popitem()


def two_records_of_an_item_are_exchanged(story: Story) -> None:
    records = story.records()
    first, second = next(
        (one, other)
        for n, one in enumerate(records)
        for other in records[n + 1 :]
        if (one.key, one.shard) == (other.key, other.shard)
    )
    stream = story.disk_of(first)
    stream[first.lsn] = replace(first, sequence=second.sequence)
    stream[second.lsn] = replace(second, sequence=first.sequence)


def a_child_names_no_parent(story: Story) -> None:
    _, child = story.lineage()
    story.change_shard(child, parent="")


def a_parent_is_open(story: Story) -> None:
    parent, _ = story.lineage()
    story.change_shard(parent, last=0)


def a_parent_ends_after_its_child_begins(story: Story) -> None:
    parent, child = story.lineage()
    story.change_shard(parent, last=child.first + 1)


def a_parent_is_of_another_stream(story: Story) -> None:
    parent, _ = story.lineage()
    story.change_shard(parent, stream=replace(parent.stream, label="another"))


def a_shard_ends_with_its_last_record(story: Story) -> None:
    """Which it cannot: its end takes a number of its own."""
    kept = kept_by(story.run.cluster)
    shard = next(one for one in kept.shards if not one.is_open and kept.records[one.id])
    story.change_shard(shard, last=kept.records[shard.id][-1].sequence)


def a_reader_misses_one(story: Story) -> None:
    del story.reader.got[7]


def a_reader_gets_one_twice(story: Story) -> None:
    story.reader.got.insert(7, story.reader.got[7])


def a_reader_gets_a_child_first(story: Story) -> None:
    got = story.reader.got
    child = next(one for one in got if one.parent)
    got.remove(child)
    got.insert(0, child)


def a_reader_is_told_of_another_event(story: Story) -> None:
    got = story.reader.got
    got[7] = got[7]._replace(event="MODIFY" if got[7].event != "MODIFY" else "INSERT")


def a_reader_is_told_of_no_transaction(story: Story) -> None:
    got = story.reader.got
    place = next(n for n, one in enumerate(got) if one.transaction)
    got[place] = got[place]._replace(transaction="")


def a_reader_is_told_another_size(story: Story) -> None:
    got = story.reader.got
    got[7] = got[7]._replace(size_bytes=got[7].size_bytes + 1)


def two_records_have_one_id(story: Story) -> None:
    got = story.reader.got
    got[7] = got[7]._replace(id=got[8].id)


def an_iterator_begins_elsewhere(story: Story) -> None:
    first, second = story.reader.got[7:9]
    story.reader.misplaced.append((first.shard, first.sequence, second.sequence))


def retold(story: Story, name: str, change: Callable[[Operation], Operation | None]) -> None:
    """Tell what readers asked with one operation of this name changed, the first that can be."""
    history, is_changed = History(), False
    for one in story.run.cluster.read_history:
        other = None
        if one.name == name and one.outcome == "committed" and not is_changed:
            other = change(one)
            is_changed = other is not None
        history.add(one if other is None else other)
    assert is_changed
    story.run.cluster.read_history = history


def an_old_iterator_is_good(story: Story) -> None:
    def late(one: Operation) -> Operation:
        return one._replace(
            invoked_us=one.invoked_us + DAY_US, returned_us=one.returned_us + DAY_US
        )

    retold(story, "GetRecords", late)


def a_new_iterator_is_not_good(story: Story) -> None:
    """Where a shard ends: nobody goes on with an iterator that the answer would have had."""
    refused = {"__type": "#ExpiredIteratorException"}

    def change(one: Operation) -> Operation | None:
        is_last = "NextShardIterator" not in one.answer
        return one._replace(status=400, answer=refused) if is_last else None

    retold(story, "GetRecords", change)


def shards_told(
    one: Operation, change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> Operation | None:
    """Change the last shard in a description that can be."""
    description = one.answer["StreamDescription"]
    shards = list(description["Shards"])
    for n in range(len(shards) - 1, -1, -1):
        other = change(shards[n])
        if other is not None:
            shards[n] = other
            told = {**description, "Shards": shards}
            return one._replace(answer={"StreamDescription": told})
    return None


def numbers_told(shard: dict[str, Any], **numbers: str) -> dict[str, Any]:
    return {**shard, "SequenceNumberRange": {**shard["SequenceNumberRange"], **numbers}}


def a_shard_begins_elsewhere(story: Story) -> None:
    def change(shard: dict[str, Any]) -> dict[str, Any]:
        return numbers_told(shard, StartingSequenceNumber="1" + 20 * "9")

    retold(story, "DescribeStream", lambda one: shards_told(one, change))


def a_child_is_told_without_its_parent(story: Story) -> None:
    def change(shard: dict[str, Any]) -> dict[str, Any] | None:
        if "ParentShardId" not in shard:
            return None
        return {name: told for name, told in shard.items() if name != "ParentShardId"}

    retold(story, "DescribeStream", lambda one: shards_told(one, change))


def an_open_shard_is_told_an_end(story: Story) -> None:
    is_open = {shard.id for shard in kept_by(story.run.cluster).shards if shard.is_open}

    def change(shard: dict[str, Any]) -> dict[str, Any] | None:
        end = "1" + 20 * "9"
        is_it = shard["ShardId"] in is_open
        return numbers_told(shard, EndingSequenceNumber=end) if is_it else None

    retold(story, "DescribeStream", lambda one: shards_told(one, change))


def a_shard_that_was_read_to_its_end_is_told_as_open(story: Story) -> None:
    """In the last description that has an end: the reader has come to it before."""
    described = [one for one in story.run.cluster.read_history if one.name == "DescribeStream"]

    def change(shard: dict[str, Any]) -> dict[str, Any] | None:
        numbers = dict(shard["SequenceNumberRange"])
        is_it = numbers.pop("EndingSequenceNumber", None) is not None
        return {**shard, "SequenceNumberRange": numbers} if is_it else None

    place = [
        one.place for one in described if one.outcome == "committed" and shards_told(one, change)
    ][-1]
    retold(
        story,
        "DescribeStream",
        lambda one: shards_told(one, change) if one.place == place else None,
    )


FALSE: tuple[tuple[Falsify, str], ...] = (
    (a_record_is_lost, "record lost"),
    (a_record_still_waits, "record unreleased"),
    (a_record_comes_twice, "record repeated"),
    (an_image_is_another, "record out of order"),
    (the_last_image_is_another, "copy differs"),
    (an_item_was_changed_in_silence, "copy differs"),
    (two_records_of_an_item_are_exchanged, "record out of order"),
    (a_child_names_no_parent, "lineage broken"),
    (a_parent_is_open, "lineage broken"),
    (a_parent_ends_after_its_child_begins, "lineage broken"),
    (a_parent_is_of_another_stream, "lineage broken"),
    (a_shard_ends_with_its_last_record, "lineage broken"),
    (a_reader_misses_one, "reader differs"),
    (a_reader_gets_one_twice, "reader differs"),
    (a_reader_gets_a_child_first, "child read early"),
    (a_reader_is_told_of_another_event, "record told otherwise"),
    (a_reader_is_told_of_no_transaction, "record told otherwise"),
    (a_reader_is_told_another_size, "record told otherwise"),
    (two_records_have_one_id, "event id repeated"),
    (an_iterator_begins_elsewhere, "iterator misplaced"),
    (an_old_iterator_is_good, "iterator outlived"),
    (a_new_iterator_is_not_good, "iterator expired early"),
    (a_shard_begins_elsewhere, "shard told otherwise"),
    (a_child_is_told_without_its_parent, "shard told otherwise"),
    (an_open_shard_is_told_an_end, "shard told otherwise"),
    (a_shard_that_was_read_to_its_end_is_told_as_open, "shard told otherwise"),
)


@pytest.mark.parametrize(("falsify", "kind"), FALSE, ids=[one.__name__ for one, _ in FALSE])
def test_one_false_piece_is_found(story: Story, falsify: Falsify, kind: str) -> None:
    falsify(story)

    assert kind in story.kinds()


def test_an_order_that_the_writers_cannot_have_is_found(story: Story) -> None:
    """Of two items' records, each chain whole: only who found what tells it."""
    evidence = story.evidence
    writers = {
        (key, version.lsn): version.writer
        for key, versions in evidence.versions.items()
        for version in versions
    }
    records = story.records()
    for one, other in pairwise(records):
        if one.shard != other.shard or one.key == other.key:
            continue
        pair = [writers[(each.table, each.key), each.lsn] for each in (one, other)]
        if pair[0] == pair[1]:
            continue
        stream = story.disk_of(one)
        stream[one.lsn] = replace(one, sequence=other.sequence)
        stream[other.lsn] = replace(other, sequence=one.sequence)
        if "stream out of order" in story.kinds():
            return
        stream[one.lsn], stream[other.lsn] = one, other
    raise AssertionError("no two neighbours depended on each other")


@pytest.mark.parametrize(
    "line",
    [
        [("b", 2), ("a", 3), ("b", 4), ("a", 1)],
        [("a", 1), ("a", 3), ("b", 4), ("b", 2)],
    ],
)
def test_a_record_comes_after_those_of_all_whom_its_writer_follows(
    line: list[tuple[str, int]],
) -> None:
    writers = {("a", 1): "t1", ("b", 2): "t2", ("a", 3): "t3", ("b", 4): "t3"}
    shard = opened_shard()
    records = [
        StreamRecord(lsn, TABLE, STREAM.label, key(name), MODIFY, None, None, ts(lsn), "", 0, 1)
        for name, lsn in line
    ]
    evidence: Any = SimpleNamespace(changes=lambda: (), versions=defaultdict(list))
    for (name, lsn), writer in writers.items():
        evidence.versions[at(name)].append(Version(lsn, 0, is_item=True, writer=writer))

    (wrong,) = streams._ordered(Kept((shard,), {shard.id: records}, ()), evidence)

    assert wrong.kind == "stream out of order"


def test_writers_that_contradict_each_other_are_left_to_others() -> None:
    after = {"a": ["b"], "b": ["c"], "c": ["b"], "x": ["a"]}

    assert topological(after) == ["x", "a"]


# Streams that are switched ------------------------------------------------------------------------


@pytest.fixture
def switched() -> Story:
    """Return a story in which the stream was switched off and on again, and is on in the end."""
    story = Story("changing-table", SWITCHED_SEED, **{"workload.changes": "0.3"})
    assert len({shard.stream.label for shard in kept_by(story.run.cluster).shards}) > 2
    assert on_now(story.run.cluster)
    return story


def a_stream_that_is_off_has_not_ended(story: Story) -> None:
    (_, label) = on_now(story.run.cluster)["Tasks"]
    shards = kept_by(story.run.cluster).shards
    story.change_shard(next(one for one in shards if one.stream.label != label), last=0)


def a_stream_that_is_on_has_ended(story: Story) -> None:
    shard = next(one for one in kept_by(story.run.cluster).shards if one.is_open)
    story.change_shard(shard, last=10**6)


def records_of_switched(story: Story, number: int) -> StreamRecord:
    """Return a record of a stream that was switched on, its item's first one or a later one."""
    first = min(shard.stream.label for shard in kept_by(story.run.cluster).shards)
    seen: dict[tuple[str, Any], list[StreamRecord]] = defaultdict(list)
    for one in story.records():
        if one.label != first:
            seen[one.label, one.key].append(one)
    return next(records[number] for records in seen.values() if len(records) > max(number, 0))


def an_image_of_before_is_another(story: Story) -> None:
    record = records_of_switched(story, 1)
    story.change(record, old={**(record.old or {}), "x": ("S", "y")})


def the_last_image_of_an_item_is_another(story: Story) -> None:
    (_, label) = on_now(story.run.cluster)["Tasks"]
    record = next(one for one in reversed(story.records()) if one.label == label)
    story.change(record, new={**(record.new or {}), "x": ("S", "y")})


SWITCHED: tuple[tuple[Falsify, str], ...] = (
    (a_stream_that_is_off_has_not_ended, "shards differ"),
    (a_stream_that_is_on_has_ended, "shards differ"),
    (an_image_of_before_is_another, "record out of order"),
    (the_last_image_of_an_item_is_another, "copy differs"),
    (a_record_is_lost, "record lost"),
    (a_reader_misses_one, "reader differs"),
)


def test_streams_that_were_switched_have_no_finding(switched: Story) -> None:
    assert switched.findings() == []


@pytest.mark.parametrize(("falsify", "kind"), SWITCHED, ids=[one.__name__ for one, _ in SWITCHED])
def test_one_false_piece_of_switched_streams_is_found(
    switched: Story, falsify: Falsify, kind: str
) -> None:
    falsify(switched)

    assert kind in switched.kinds()


LATER = replace(STREAM, label="2026-11-22T09:00:00.000")


def state(settings: StreamSettings | None) -> TableState:
    return TableState(TABLE, SCHEMA, settings=TableSettings(stream=settings))


def switching(settings: StreamSettings | None, *shards: Shard) -> Changes:
    streams = StreamChanges(1, shards=shards) if shards else None
    return Changes("", NEVER, (), (state(settings),), 1, streams=streams)


def writing(lsn: int, *labels: str) -> Changes:
    """Write an append of one change, with its record in these streams."""
    told = tuple(
        StreamRecord(lsn, TABLE, label, key(), INSERT, None, None, ts(lsn), "", 0, 1)
        for label in labels
    )
    changed = ((at(), record(value=lsn, us=lsn, lsn=lsn)),)
    return Changes("k1/1", ts(lsn), changed, (), lsn, streams=StreamChanges(lsn, told))


def wrong_in(*appends: Changes) -> list[str]:
    seen = StreamAppends(PartitionOptions())
    for changes in appends:
        list(seen.take("p1", changes, 0))
    return [wrong.kind for wrong in seen.wrongs]


def test_a_change_is_recorded_in_the_stream_that_is_on_there() -> None:
    assert wrong_in(switching(STREAM), writing(5, STREAM.label)) == []
    assert wrong_in(switching(STREAM), switching(LATER), writing(5, LATER.label)) == []
    assert wrong_in(switching(STREAM), switching(None), writing(5)) == []


@pytest.mark.parametrize("now", [None, LATER], ids=["off", "another"])
def test_a_record_of_a_stream_that_was_switched_off_is_found(now: StreamSettings | None) -> None:
    found = wrong_in(switching(STREAM), switching(now), writing(5, STREAM.label))

    assert found[0] == "record of another stream"


def test_a_change_that_is_in_no_stream_is_found_also_after_another_one() -> None:
    found = wrong_in(switching(STREAM), switching(None), switching(LATER), writing(5))

    assert found == ["change unrecorded"]


def test_a_stream_that_cannot_end_yet_is_noticed() -> None:
    seen, shard = StreamAppends(PartitionOptions()), opened_shard()
    list(seen.take("p1", switching(STREAM, shard), 0))

    assert list(seen.take("p1", switching(None), 0)) == ["stream.ended_waiting"]


def test_a_stream_that_ends_as_it_is_switched_off_is_not() -> None:
    seen, shard = StreamAppends(PartitionOptions()), opened_shard()
    list(seen.take("p1", switching(STREAM, shard), 0))

    assert list(seen.take("p1", switching(None, stream.closed(shard, last=2, now_us=1)), 0)) == []


def opened_shard() -> Shard:
    return stream.opened("p1", TABLE, SCHEMA, STREAM, first=1, parent="", now_us=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [{}, {"faults.all": "2"}, {"faults.partition_splits": "8"}], ids=["", "all", "splits"]
)
def test_the_unbroken_protocol_has_no_finding(more: dict[str, str], soak: bool) -> None:
    scenario = load("change-feed", more)

    for seed in range(SEEDS_SOAK if soak else SEEDS):
        assert Run(scenario, seed).go().findings == (), f"seed {seed}"


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_streams_that_show_less_are_judged_by_what_they_show(view: str) -> None:
    scenario = load("change-feed", {"cluster.streams": view, "workload.transactions": "40"})

    result = Run(scenario, 1).go()

    assert result.findings == ()
    assert result.streams is not None
    assert result.streams.records > 0


# What is let go -----------------------------------------------------------------------------------

LONG = 40  # Bytes of a record here.


def long(lsn: int, size_bytes: int = LONG, *, age_us: int = 0) -> StreamRecord:
    return StreamRecord(
        lsn,
        TABLE,
        STREAM.label,
        key("a"),
        MODIFY,
        None,
        None,
        ts(lsn),
        "",
        EPOCH_US + DAY_US - age_us,
        size_bytes,
        "shard",
        lsn,
    )


def judged(*appends: StreamChanges, **limits: Any) -> list[str]:
    held = Held(PartitionOptions(**limits))
    return [kind for one in appends for kind, _ in held.take(one, DAY_US).wrongs]


def append(*records: StreamRecord, gone: tuple[int, ...] = ()) -> StreamChanges:
    return StreamChanges(0, records, gone)


LIMITS = {"stream_records_max": 3, "stream_bytes_max": 3 * LONG}
THREE = append(long(1), long(2), long(3))
JUDGED: dict[str, tuple[list[StreamChanges], dict[str, int], list[str]]] = {
    "just as many, just as long": ([THREE], LIMITS, []),
    "one too many goes": ([THREE, append(long(4), gone=(1,))], LIMITS, []),
    "one too many stays": ([THREE, append(long(4, 0))], LIMITS, ["kept too much"]),
    "a byte too much stays": (
        [append(long(1), long(2), long(3, LONG + 1))],
        {"stream_bytes_max": 3 * LONG},
        ["kept too much"],
    ),
    "for a byte too much one goes": (
        [THREE, append(long(4, 1), gone=(1,))],
        {"stream_bytes_max": 3 * LONG},
        [],
    ),
    "one goes, and all have place": ([THREE, append(gone=(1,))], LIMITS, ["let go too early"]),
    "one more than has to goes": (
        [THREE, append(long(4), gone=(1, 2))],
        LIMITS,
        ["let go too early"],
    ),
    "the newest goes": ([THREE, append(long(4), gone=(3,))], LIMITS, ["let go out of turn"]),
    "one that is too long alone stays": ([append(long(1, 999))], LIMITS, []),
    "one that is too long alone goes": (
        [append(long(1, 999)), append(gone=(1,))],
        LIMITS,
        ["let go too early"],
    ),
    "it makes all others go": ([THREE, append(long(4, 999), gone=(1, 2, 3))], LIMITS, []),
    "and one of them stays": (
        [THREE, append(long(4, 999), gone=(1, 2))],
        LIMITS,
        ["kept too much"],
    ),
    "an old one goes": (
        [append(long(1, age_us=DAY_US), long(2)), append(gone=(1,))],
        LIMITS,
        [],
    ),
    "what was not here goes": ([THREE, append(gone=(9,))], LIMITS, []),
    "what comes again is counted once": ([THREE, append(long(3))], LIMITS, []),
}


@pytest.mark.parametrize(("appends", "limits", "wrongs"), JUDGED.values(), ids=list(JUDGED))
def test_what_is_let_go_is_judged(
    appends: list[StreamChanges], limits: dict[str, int], wrongs: list[str]
) -> None:
    assert judged(*appends, **limits) == wrongs


FEW: dict[str, Any] = {"stream_records_max": 40, "stream_bytes_max": 1_000}  # 20 records or so.


@pytest.mark.parametrize(
    ("judges", "wrong"),
    [
        (FEW, None),
        ({**FEW, "stream_bytes_max": 900}, "kept too much"),
        ({**FEW, "stream_bytes_max": 1_100}, "let go too early"),
    ],
)
def test_a_run_in_which_records_are_let_go_is_judged_by_what_is_left(
    monkeypatch: pytest.MonkeyPatch, judges: dict[str, Any], wrong: str | None
) -> None:
    """The partitions keep to the limits; who judges has them, or others."""
    monkeypatch.setattr(sim.scenario, "PartitionOptions", partial(PartitionOptions, **FEW))
    run = Run(load("change-feed"), SEED)
    assert run.witness.streams is not None
    run.witness.streams = appends = StreamAppends(PartitionOptions(**judges))

    found = {one.kind for one in run.go().findings}

    assert found == ({wrong} if wrong else set())
    assert appends.let_go
    assert any(shard.trimmed for shard in kept_by(run.cluster).shards)


def test_a_partition_that_forgets_how_long_its_records_are_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes back after a crash and counts from zero."""
    monkeypatch.setattr(sim.scenario, "PartitionOptions", partial(PartitionOptions, **FEW))
    load_streams = Streams._load

    def forgetful(self: Streams, stored: StoredStreams) -> None:
        load_streams(self, stored)
        self._kept_bytes = 0

    monkeypatch.setattr(Streams, "_load", forgetful)

    found = Run(load("change-feed", {"faults.crashes": "10"}), SEED).go().findings

    assert "kept too much" in {one.kind for one in found}
