"""A partition's shell: no reply leaves before its changes and all earlier ones are durable."""

from network.host import Host
from network.ids import NEVER, first_number
from network.messages import Done, Message, Readings, Votes, Written, from_frame, to_frame
from partition.options import PartitionOptions
from partition.record import TableState
from partition.server import PartitionServer
from partition.storage import Changes
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import new_loop
from tests.builders import EVERYTHING, SCHEMA, SECOND_US, TABLE, commit, prepare, put, read, write
from tests.partition.disks import SYNC_US, slow_disk


class Bench:
    """One partition on a disk that takes a millisecond, and what it said."""

    def __init__(self) -> None:
        self.loop = new_loop()
        self.said: list[tuple[int, Message]] = []
        self.reported: list[Message] = []
        self.chance = NamedChance(1)
        self.disk = slow_disk(self.loop, self.chance)
        self.disk.contents.take(Changes("born", NEVER, (), (TableState(TABLE, SCHEMA),), 0))
        self.number = first_number(1)
        self.start()

    def start(self) -> None:
        stored = self.disk.load()
        self.host = Host(
            "p1",
            stored.incarnation,
            loop=self.loop,
            transport=self,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=self.chance,
        )
        self.server = PartitionServer(
            self.host, self.disk, stored, EVERYTHING, PartitionOptions(), managers=["m1"]
        )

    def send(self, source: str, target: str, frame: bytes) -> None:
        message = from_frame(frame).message
        if target == "m1":
            self.reported.append(message)
        else:
            self.said.append((self.loop.now_us, message))

    def crash(self) -> None:
        self.host.crash()
        self.disk.crash()

    def hear(self, *messages: Message) -> None:
        for message in messages:
            self.number += 1
            self.server.receive(to_frame("c1", self.number, 0, message))

    def kinds(self) -> list[type]:
        return [type(message) for _, message in self.said]


def test_a_vote_waits_for_its_promise_to_be_durable() -> None:
    bench = Bench()

    bench.hear(prepare(put()))
    bench.loop.run_for(SYNC_US - 1)
    assert bench.said == []
    bench.loop.run_for(1)
    assert bench.kinds() == [Votes]


def test_a_repeated_accept_waits_for_the_promise_that_it_repeats() -> None:
    bench = Bench()

    bench.hear(prepare(put()), prepare(put()))
    bench.loop.run_for(SYNC_US - 1)

    assert bench.said == []


def test_a_read_waits_for_what_it_has_seen() -> None:
    bench = Bench()

    bench.hear(write(put()), read("a"))
    assert bench.said == []
    bench.loop.run_for(SYNC_US)

    assert bench.kinds() == [Written, Readings]


def test_a_read_of_what_is_durable_is_answered_at_once() -> None:
    bench = Bench()

    bench.hear(read("a"))

    assert bench.kinds() == [Readings]


def test_replies_leave_in_the_order_of_their_steps() -> None:
    bench = Bench()

    bench.hear(prepare(put()), read("a"), commit("a"), read("a"), commit("a"))
    bench.loop.run_for(10 * SYNC_US)

    assert bench.kinds() == [Votes, Readings, Done, Readings, Done]


def test_what_waited_for_a_crash_is_never_answered() -> None:
    bench = Bench()
    bench.hear(write(put()), read("a"))

    bench.crash()
    bench.start()
    bench.loop.run_for(10 * SYNC_US)

    assert bench.said == []


def test_a_stalled_promise_is_reported_again_and_again() -> None:
    bench = Bench()
    bench.hear(prepare(put()))

    bench.loop.run_for(4 * SECOND_US)
    assert bench.reported == []
    bench.loop.run_for(12 * SECOND_US)

    assert len(bench.reported) >= 2


def test_a_promise_counts_afresh_after_a_restart() -> None:
    bench = Bench()
    bench.hear(prepare(put()))
    bench.loop.run_for(4 * SECOND_US)

    bench.crash()
    bench.start()
    bench.loop.run_for(4 * SECOND_US)
    assert bench.reported == []
    bench.loop.run_for(3 * SECOND_US)

    assert len(bench.reported) == 1
