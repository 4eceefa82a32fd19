"""A partition's log on its way to a follower: told when it is durable, and never lost for good."""

import pytest

from network.host import Host, Receive
from network.ids import NEVER, first_number
from network.messages import (
    Copy,
    Envelope,
    Eventual,
    Follow,
    Log,
    Message,
    NotMine,
    Read,
    Readings,
    Write,
    from_frame,
    to_frame,
)
from network.weather import Uniform
from partition import feed
from partition.feed import BEAT_US, Feed
from partition.follower import written
from partition.follower_server import FollowerOptions, FollowerServer
from partition.options import PartitionOptions
from partition.record import TableState
from partition.server import PartitionServer
from partition.storage import Changes, MemoryStorage, Storage
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import new_loop
from tests.builders import (
    EVERYTHING,
    SCHEMA,
    TABLE,
    at,
    cancel,
    commit,
    delete,
    prepare,
    put,
    read,
    write,
)
from tests.partition.disks import SYNC_US, slow_disk

LINK_US, DELAY_US = 100, 10_000
SOON_US = 2 * BEAT_US + 2 * DELAY_US


class Pair:
    """A partition on a disk that takes a millisecond, one follower, and a client between them."""

    def __init__(self, *, is_instant: bool = False) -> None:
        self.loop, self.chance = new_loop(), NamedChance(1)
        self.said: list[tuple[str, str, Envelope]] = []  # Source, target.
        self.cut: list[tuple[str, str]] = []
        self.receivers: dict[str, Receive] = {}
        self.hosts: dict[str, Host] = {}
        self.number = first_number(1)
        self.disk = slow_disk(self.loop, self.chance)
        self.storage: Storage = MemoryStorage() if is_instant else self.disk
        self.storage.append(
            Changes("born", NEVER, (), (TableState(TABLE, SCHEMA),), 0), lambda: None
        )
        self.loop.run_for(SYNC_US)
        self.lead()
        self.follow(1)
        self.loop.run_for(SOON_US)
        self.said.clear()

    def lead(self) -> None:
        stored = self.storage.load()
        host = self.host("p1", stored.incarnation)
        self.feed = Feed(host, self.storage, ["f1"])
        self.server = PartitionServer(
            host, self.feed, stored, EVERYTHING, PartitionOptions(), managers=[]
        )
        self.feed.serve(self.server)
        self.receivers["p1"] = self.feed.before(self.server.receive)

    def follow(self, incarnation: int) -> None:
        options = FollowerOptions(Uniform(DELAY_US, DELAY_US))
        self.follower = FollowerServer(self.host("f1", incarnation), "p1", options)
        self.receivers["f1"] = self.follower.receive

    def host(self, name: str, incarnation: int) -> Host:
        self.hosts[name] = Host(
            name,
            incarnation,
            loop=self.loop,
            transport=self,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=self.chance,
        )
        return self.hosts[name]

    def crash(self, name: str) -> None:
        self.receivers.pop(name)
        self.hosts[name].crash()
        if name == "p1":
            self.disk.crash(keeps=0)

    def send(self, source: str, target: str, frame: bytes) -> None:
        self.said.append((source, target, from_frame(frame)))
        if (source, target) not in self.cut:
            self.loop.after(LINK_US, self.arrive, target, frame)

    def arrive(self, target: str, frame: bytes) -> None:
        if target in self.receivers:
            self.receivers[target](frame)

    def tell(self, target: str, message: Message) -> None:
        self.number += 1
        self.receivers[target](to_frame("k1", self.number, 0, message))

    def put(self, value: int, name: str = "a") -> None:
        incarnation = self.hosts["p1"].incarnation
        self.tell("p1", write(put(name, value), incarnation=incarnation))

    def shown(self, name: str = "a") -> str | None:
        """Ask the follower for an item; 'refused' if it answers nothing."""
        place = len(self.said)
        self.tell("f1", Eventual(Read((at(name),), 0, "k1#1")))
        (answer,) = [one.message for _, target, one in self.said[place:] if target == "k1"]
        if isinstance(answer, NotMine):
            return "refused"
        assert isinstance(answer, Readings)
        item = answer.readings[0].item
        return None if item is None else str(item["v"][1])

    def kinds(self, target: str = "f1") -> list[type]:
        """Name what was said to somebody, leaving out that there is nothing new."""
        return [
            type(one.message)
            for _, to, one in self.said
            if to == target and not (isinstance(one.message, Log) and len(one.message.entries) < 3)
        ]


@pytest.mark.parametrize("is_instant", [False, True])
def test_what_is_written_is_shown_a_while_later(is_instant: bool) -> None:
    pair = Pair(is_instant=is_instant)

    pair.put(5)
    pair.loop.run_for(DELAY_US)
    assert pair.shown() is None
    pair.loop.run_for(SYNC_US + feed.SHIP_US + LINK_US)

    assert pair.shown() == "5"


def test_nothing_is_told_before_it_is_durable() -> None:
    pair = Pair()

    pair.put(5)
    pair.loop.run_for(SYNC_US - 1)
    assert pair.kinds() == []
    pair.loop.run_for(1 + feed.SHIP_US)

    assert pair.kinds() == [Log]


def test_what_a_crash_takes_back_is_never_shown() -> None:
    pair = Pair()
    pair.put(5)
    pair.loop.run_for(SOON_US)
    pair.put(6)

    pair.crash("p1")
    pair.lead()
    pair.loop.run_for(SOON_US)

    assert pair.shown() == "5"
    assert pair.follower.state.incarnation == 2


def test_promises_and_their_ends_are_not_told() -> None:
    pair = Pair()

    pair.tell("p1", prepare(put("a", 5), transaction="t1"))
    pair.tell("p1", cancel("a", transaction="t1"))
    pair.loop.run_for(SOON_US)

    assert pair.kinds() == []
    assert pair.shown() is None
    assert pair.follower.state.position == pair.feed.durable == 2


def test_a_commit_and_a_delete_are_shown() -> None:
    pair = Pair()

    pair.tell("p1", prepare(put("a", 5), transaction="t1"))
    pair.tell("p1", commit("a", transaction="t1"))
    pair.loop.run_for(SOON_US)
    assert pair.shown() == "5"
    pair.tell("p1", write(delete()))
    pair.loop.run_for(SOON_US)

    assert pair.shown() is None


def test_a_cut_follower_stays_behind_until_the_link_heals() -> None:
    pair = Pair()
    pair.put(5)
    pair.loop.run_for(SOON_US)
    pair.cut = [("p1", "f1")]
    pair.put(6)
    pair.loop.run_for(10 * SOON_US)
    assert pair.shown() == "5"

    pair.cut = []
    pair.loop.run_for(SOON_US)

    assert pair.shown() == "6"
    assert Copy not in pair.kinds()


def test_a_log_that_is_forgotten_is_replaced_by_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ENTRIES_MAX", 2)
    pair = Pair()
    pair.cut = [("p1", "f1")]
    for n in range(5):
        pair.put(n)
        pair.loop.run_for(5 * SYNC_US)

    pair.cut = []
    pair.loop.run_for(SOON_US)

    assert pair.shown() == "4"
    assert Copy in pair.kinds()


@pytest.mark.parametrize(
    ("limit", "most", "is_copied"),
    [
        ("ENTRIES_MAX", 3, False),  # It missed no more than is remembered …
        ("ENTRIES_MAX", 2, True),  # … and one entry more.
        ("BYTES_MAX", 1, True),
    ],
)
def test_a_follower_one_entry_behind_what_is_remembered_is_given_a_copy(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, is_copied: bool
) -> None:
    monkeypatch.setattr(feed, limit, most)
    pair = Pair()
    pair.cut = [("p1", "f1")]
    for name in "abc":
        pair.put(1, name)
        pair.loop.run_for(5 * SYNC_US)

    pair.cut = []
    pair.loop.run_for(SOON_US)

    assert [pair.shown(name) for name in "abc"] == ["1", "1", "1"]
    assert (Copy in pair.kinds()) is is_copied
    assert pair.feed._copies == {}, "what was fetched is kept no longer"


@pytest.mark.parametrize(
    ("limit", "most", "pieces"), [("PIECE_ENTRIES", 2, 3), ("PIECE_BYTES", 1, 5)]
)
def test_a_long_log_is_told_in_pieces(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, pieces: int
) -> None:
    monkeypatch.setattr(feed, limit, most)
    pair = Pair()
    for n in range(5):
        pair.put(n, "abcde"[n])
    pair.loop.run_for(SOON_US)

    assert [pair.shown(name) for name in "abcde"] == ["0", "1", "2", "3", "4"]
    assert pair.kinds() == [Log] * pieces


def test_a_follower_that_restarts_refuses_until_it_has_a_copy() -> None:
    pair = Pair()
    pair.put(5)
    pair.loop.run_for(SOON_US)

    pair.crash("f1")
    pair.follow(2)
    assert pair.shown() == "refused"
    pair.loop.run_for(SOON_US)

    assert pair.shown() == "5"


def test_a_copy_waits_until_all_in_it_is_durable() -> None:
    pair = Pair()
    pair.crash("f1")
    pair.put(5)  # In memory, and not on the disk.
    pair.tell("p1", Follow(0, 0, 0))

    assert pair.kinds("k1") == []
    pair.loop.run_for(SYNC_US)
    pair.tell("p1", Follow(0, 0, 0))

    assert Copy in pair.kinds("k1")


def test_a_partition_that_stands_still_tells_nothing_until_it_goes_on() -> None:
    pair = Pair()
    pair.put(5)
    pair.hosts["p1"].pause()
    pair.loop.run_for(SOON_US)
    assert pair.kinds() == []

    pair.hosts["p1"].resume()
    pair.loop.run_for(SOON_US)

    assert pair.shown() == "5"


def test_a_late_piece_of_an_incarnation_that_is_no_more_moves_nothing() -> None:
    pair = Pair()
    pair.put(5)
    pair.crash("p1")
    pair.lead()
    pair.loop.run_for(SOON_US)
    assert pair.follower.state.incarnation == 2

    pair.send("p1", "f1", to_frame("p1", 99, 0, Log(1, 7, 99, written(()))))
    pair.loop.run_for(SOON_US)

    assert pair.follower.state.position == pair.feed.durable
    pair.put(6)
    pair.loop.run_for(SOON_US)
    assert pair.shown() == "6"


def test_what_was_put_off_before_a_copy_is_not_applied_after_it() -> None:
    pair = Pair()
    for value in (5, 6):
        pair.put(value)
        pair.loop.run_for(SYNC_US + feed.SHIP_US + LINK_US)
    assert pair.shown() is None, "both are heard, and none is applied"

    pair.crash("p1")
    pair.lead()  # It says at once that it is another incarnation: the follower fetches a copy.
    pair.loop.run_for(10 * LINK_US)
    shown = [pair.shown()]
    for _ in range(2 * DELAY_US // LINK_US):
        pair.loop.run_for(LINK_US)
        shown.append(pair.shown())

    assert set(shown) == {"6"}
    assert pair.follower.state.position == pair.feed.durable


@pytest.mark.parametrize(
    "message", [read("a"), write(put()), prepare(put()), commit("a"), cancel("a")]
)
def test_a_follower_refuses_what_is_its_partitions(message: Message) -> None:
    pair = Pair()

    pair.tell("f1", message)

    assert pair.kinds("k1") == [NotMine]
    assert pair.follower.state.count() == 0
    assert not isinstance(message, Write) or pair.disk.contents.records == {}
