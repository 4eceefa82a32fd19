"""A replicator alone with what it is answered: what it says to whom, and in which order."""

from dataclasses import replace
from typing import Any

from items.keys import KeyAttribute, KeySchema
from items.values import Item
from network.host import Host
from network.ids import TableId, Timestamp, Version
from network.messages import (
    Changed,
    Done,
    FindShards,
    Message,
    NotMine,
    Read,
    Reading,
    Readings,
    ReadStream,
    Replica,
    Replicate,
    Restarted,
    ShardGone,
    Shards,
    StreamPage,
    Write,
    WriteRefused,
    Written,
    from_frame,
    to_frame,
)
from network.placement import REPLICATION_TABLE, Placement
from network.settings import StreamSettings
from network.streams import MODIFY, Shard, StreamRecord, shard_id
from replication.options import ReplicationOptions
from replication.replicator import Replicator
from replication.sender import Way
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import new_loop

US, EU = "us-east-1", "eu-west-1"
SCHEMA = KeySchema(KeyAttribute("k", "S"))
STREAM = StreamSettings("s", "NEW_AND_OLD_IMAGES", "things", US)
TABLE = TableId("t")
FIRST, SECOND = shard_id(1, "p1"), shard_id(2, "p1")
SOON_US = 300_000


def shard(name: str = FIRST, parent: str = "", stream: StreamSettings = STREAM) -> Shard:
    return Shard(name, TABLE, stream, SCHEMA, parent, 0, 1)


def record(sequence: int, node: str = "c1", of: str = FIRST) -> StreamRecord:
    key = (("S", f"item{sequence}"),)
    item: Item = {"k": key[0]}
    at = Timestamp(100 + sequence, node)
    return StreamRecord(sequence, TABLE, "s", key, MODIFY, item, item, at, "", 0, 10, of, sequence)


class Bench:
    """A replicator in us-east-1, and everybody else."""

    def __init__(self, *shards: Shard) -> None:
        self.loop = new_loop()
        self.shards = shards or (shard(),)
        self.records: list[StreamRecord] = []
        self.ended: list[str] = []
        self.trimmed = 0
        self.kept: dict[str, int] = {}  # Positions, by their names.
        self.hears = True  # The other region does.
        self.refusals: list[Message] = []  # Of the partition, before it takes something in.
        self.said: list[tuple[str, Message]] = []
        self.notes: list[str] = []
        self.start()

    def start(self) -> None:
        self.host = Host(
            "x1",
            1,
            loop=self.loop,
            transport=self,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=NamedChance(1),
        )
        self.host.noted = lambda _, event, __: self.notes.append(event)
        placement = Placement(["p1"], ["l1"])
        self.replicator = Replicator(self.host, placement, US, [EU], ReplicationOptions())

    def send(self, source: str, target: str, frame: bytes) -> None:
        envelope = from_frame(frame)
        self.said.append((target, envelope.message))
        answer = None if envelope.reply_to else self._answer(envelope.message)
        if answer is not None:
            reply = to_frame(target, 1, envelope.number, answer)
            self.loop.after(1_000, self._deliver, self.host, reply)

    def _deliver(self, host: Host, frame: bytes) -> None:
        if host.up:
            self.replicator.receive(frame)

    def _answer(self, message: Message) -> Message | None:
        match message:
            case FindShards():
                return Shards(self.shards, 0, None)
            case Read(keys=((table, key),)) if table == REPLICATION_TABLE:
                sequence = self.kept.get(str(key[0][1]))
                item: Item | None = {"Sequence": ("N", str(sequence))} if sequence else None
                return Readings((Reading(item, 1, None),))
            case Read():
                return Readings((Reading({"Id": ("S", TABLE)}, 1, None),))
            case ReadStream():
                return self._page(message)
            case Write(incarnation=0):
                return Restarted(7)
            case Write(action=action):
                found: Any = action
                self.kept[found.key[0][1]] = int(found.item["Sequence"][1])
                return Written(None)
            case Changed():
                return Done((True,)) if self.hears else None
            case Replicate():
                return self.refusals.pop(0) if self.refusals else Done((True,))
            case _:
                return None

    def _page(self, message: ReadStream) -> Message:
        if message.after < self.trimmed:
            return ShardGone(is_trimmed=True)
        left = [
            one
            for one in self.records
            if one.shard == message.shard and one.sequence > message.after
        ]
        page = tuple(left[:2])
        after = page[-1].sequence if page else message.after
        is_closed = message.shard in self.ended
        told = replace(shard(message.shard), closed_us=1 if is_closed else 0)
        return StreamPage(told, page, after, ends=is_closed and len(page) == len(left))

    def run(self, us: int = SOON_US) -> None:
        self.loop.run_for(us)

    def told(self) -> list[str]:
        """Return the keys that the other region was told of, in order."""
        return [
            str(replica.key[0][1])
            for target, message in self.said
            if isinstance(message, Changed) and target == f"{EU}.x1"
            for replica in message.replicas
        ]


# The sender ---------------------------------------------------------------------------------------


def test_changes_are_told_in_order_with_their_versions() -> None:
    bench = Bench()
    bench.records = [record(1), record(2), record(3)]
    bench.run()

    first = next(message for _, message in bench.said if isinstance(message, Changed))
    assert bench.told() == ["item1", "item2", "item3"]
    assert (first.region, first.table_name) == (US, "things")
    assert first.replicas[0].version == Version(101, US, "c1")


def test_a_position_is_kept_when_the_other_region_has_answered_and_not_before() -> None:
    bench = Bench()
    bench.records, bench.hears = [record(1)], False
    bench.run(3_000_000)

    assert set(bench.told()) == {"item1"}
    assert bench.kept == {}
    assert bench.replicator.sender.positions[Way(FIRST, EU)] == 0

    bench.hears = True
    bench.run(3_000_000)
    assert bench.kept == {f"{FIRST} {EU}": 1}
    assert bench.replicator.sender.positions[Way(FIRST, EU)] == 1


def test_what_came_from_another_region_is_not_sent_on() -> None:
    bench = Bench()
    bench.records = [record(1, node=EU), record(2), record(3, node=EU)]
    bench.run()

    assert bench.told() == ["item2"]
    assert bench.replicator.sender.positions[Way(FIRST, EU)] == 3


def test_a_restart_goes_on_where_the_kept_position_is() -> None:
    bench = Bench()
    bench.records = [record(1), record(2)]
    bench.run()
    bench.host.crash()
    bench.said.clear()
    bench.records.append(record(3))
    bench.start()
    bench.run()

    assert bench.told() == ["item3"]


def test_a_shard_waits_for_the_end_of_its_parent() -> None:
    bench = Bench(shard(), shard(SECOND, parent=FIRST))
    bench.records = [record(1), record(2, of=SECOND)]
    bench.run()
    assert bench.told() == ["item1"]

    bench.ended.append(FIRST)
    bench.run()
    assert bench.told() == ["item1", "item2"]


def test_a_shard_that_closed_is_read_on_to_its_last_record() -> None:
    bench = Bench()
    bench.records = [record(1), record(2), record(3)]  # A page has two.
    bench.ended.append(FIRST)
    bench.run()

    assert bench.told() == ["item1", "item2", "item3"]


def test_a_shard_whose_parent_is_gone_is_read_at_once() -> None:
    bench = Bench(shard(SECOND, parent=FIRST))
    bench.records = [record(2, of=SECOND)]
    bench.run()

    assert bench.told() == ["item2"]


def test_a_stream_of_a_table_in_one_region_is_left_alone() -> None:
    bench = Bench(shard(stream=StreamSettings("s", "NEW_IMAGE", "things")))
    bench.records = [record(1)]
    bench.run()

    assert not any(isinstance(message, ReadStream) for _, message in bench.said)


def test_what_was_trimmed_before_it_was_told_is_left_out_aloud() -> None:
    bench = Bench()
    bench.records, bench.trimmed = [record(3)], 2
    bench.run()

    assert bench.told() == ["item3"]
    assert "replication.trimmed" in bench.notes


# The receiver -------------------------------------------------------------------------------------


def arrive(bench: Bench, number: int = 5) -> None:
    replica = Replica((("S", "a"),), None, Version(9, EU, "c1"))
    bench.replicator.receive(to_frame("x1", number, 0, Changed(EU, "things", (replica,))))


def asked(bench: Bench) -> int:
    return sum(isinstance(message, Replicate) for _, message in bench.said)


def answers(bench: Bench) -> list[str]:
    return [target for target, message in bench.said if isinstance(message, Done)]


def test_what_changed_elsewhere_is_taken_to_its_partition_and_answered_across_the_link() -> None:
    bench = Bench()
    arrive(bench)
    bench.run()

    assert asked(bench) == 1
    assert answers(bench) == [f"{EU}.x1"]


def test_what_is_refused_is_asked_for_until_it_is_in_and_only_then_answered() -> None:
    bench = Bench()
    bench.refusals = [WriteRefused("TransactionConflictException", "", None)] * 3
    arrive(bench)
    bench.run(30_000)
    assert asked(bench) >= 1
    assert answers(bench) == []

    bench.run()
    assert asked(bench) == 4
    assert answers(bench) == [f"{EU}.x1"]


def test_a_table_that_has_another_id_by_now_is_looked_up_anew() -> None:
    bench = Bench()
    bench.refusals = [NotMine(TABLE)]
    arrive(bench)
    bench.run()

    looked_up = [
        message
        for target, message in bench.said
        if target == "l1" and isinstance(message, Read) and message.keys[0][0] == "$tables"
    ]
    assert len(looked_up) == 2
    assert answers(bench) == [f"{EU}.x1"]


def test_a_copy_waits_with_the_first_one() -> None:
    bench = Bench()
    arrive(bench)
    arrive(bench)
    bench.run()

    assert asked(bench) == 1
    assert answers(bench) == [f"{EU}.x1"]


def test_a_late_copy_is_taken_in_again() -> None:
    bench = Bench()
    arrive(bench)
    bench.run()
    arrive(bench)
    bench.run()

    assert asked(bench) == 2
    assert answers(bench) == [f"{EU}.x1"] * 2
