"""A partition's log, for its followers: what is durable, told soon and told again (§3.1).

It stands between the partition and its storage, so that nothing is told before it is durable; the
partition knows nothing of it and waits for nobody.  New entries go to all followers a moment after
they are durable, several at once; now and then it is said how far the log is, so that whoever has
missed the last piece notices.  Who is behind asks (`Follow`): for a piece, as long as the log
remembers it, else for a copy of all that is served, a part at a time.

A copy is taken from the partition's memory, which is ahead of its disk: so it is told only when the
last append that it has in it is durable.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from network.host import Host, Receive
from network.messages import Copy, Envelope, Follow, Frame, Log, from_frame
from partition.follower import (
    LogEntry,
    State,
    entry_bytes,
    entry_of,
    is_told,
    shown,
    states_of,
    written,
    written_state,
)
from partition.server import PartitionServer
from partition.storage import Changes, Storage, Stored

SHIP_US = 1_000  # So long after the first of them entries are told, those in between along.
BEAT_US = 100_000  # How often it is said how far the log is.
ENTRIES_MAX = 10_000  # That are remembered …
BYTES_MAX = 16_777_216  # … and the size of their items.
PIECE_ENTRIES = 500  # Of one message …
PIECE_BYTES = 1_048_576  # … give or take the last one.


class _Copy:
    """A copy that one follower fetches."""

    def __init__(self, position: int, parts: Sequence[State]) -> None:
        self.position, self.parts = position, parts
        self.is_told = False


class Feed:
    """The log of one incarnation of a partition; a `Storage`."""

    def __init__(self, host: Host, storage: Storage, followers: Sequence[str]) -> None:
        self.incarnation = host.incarnation
        self.durable = 0  # Appends so far …
        self._appended = 0  # … and those that are on their way as well.
        self._host, self._storage, self._followers = host, storage, tuple(followers)
        self._entries: deque[tuple[LogEntry, int]] = deque()  # With their weights.
        self._bytes = 0
        self._forgotten = 0  # Up to here the log is not remembered.
        self._told = 0  # Up to here it was told to everybody.
        self._is_due = False
        self._copies: dict[str, _Copy] = {}  # By follower.
        self._server: PartitionServer | None = None
        self._receive: Receive = _nobody

    def serve(self, server: PartitionServer) -> None:
        """Begin to tell of this partition, whose storage this is."""
        self._server, self._receive = server, server.receive
        self._beat(None)

    def before(self, receive: Receive) -> Receive:
        """Stand before a partition: followers' questions are answered here, all else goes on."""
        self._receive = receive
        return self.receive

    def receive(self, frame: Frame) -> None:
        envelope = from_frame(frame)
        if type(envelope.message) is Follow:
            self._asked(envelope, envelope.message)
        else:
            self._receive(frame)

    # Storage -----------------------------------------------------------------------------------

    def adopt(self, memory: Callable[[], Stored]) -> bool:  # noqa: ARG002  # The seam's.
        return False  # The log is made of what is appended.

    def load(self) -> Stored:
        return self._storage.load()

    def append(self, changes: Changes, then: Callable[[], None]) -> None:
        self._appended += 1
        entry = entry_of(self._appended, changes)
        appended(self, entry)
        self._storage.append(changes, partial(self._is_durable, entry, then))

    def _is_durable(self, entry: LogEntry, then: Callable[[], None], _: Any = None) -> None:
        if not self._host.awake:
            self._host.do(partial(self._is_durable, entry, then))
            return
        became_durable(self, entry)
        self.durable = entry.position
        then()

    # The log -----------------------------------------------------------------------------------

    def tell(self, entry: LogEntry) -> None:
        """Have an entry told to all followers soon, and remember it for who misses it."""
        if not entry.says_something:
            return
        weight = entry_bytes(entry)
        self._entries.append((entry, weight))
        self._bytes += weight
        while len(self._entries) > ENTRIES_MAX or self._bytes > BYTES_MAX:
            oldest, weight = self._entries.popleft()
            self._bytes -= weight
            self._forgotten = oldest.position
        if not self._is_due:
            self._is_due = True
            self._host.after(SHIP_US, self._ship)

    def _ship(self, _: Any) -> None:
        """Tell everybody what is new."""
        self._is_due = False
        while True:
            log, is_all = self._after(self._told)
            for follower in self._followers:
                self._say(follower, 0, log)
            self._told = log.upto
            if is_all:
                return

    def _beat(self, _: Any) -> None:
        self._ship(None)
        self._host.after(BEAT_US, self._beat)

    def _after(self, place: int) -> tuple[Log, bool]:
        """Return the log after a place, as much as goes into a message, and whether that is all."""
        found: list[LogEntry] = []
        size = 0
        for entry, weight in self._entries_after(place):
            if len(found) == PIECE_ENTRIES or size >= PIECE_BYTES:
                return self._log(place, found[-1].position, found), False
            found.append(entry)
            size += weight
        return self._log(place, max(place, self.durable), found), True

    def _entries_after(self, place: int) -> list[tuple[LogEntry, int]]:
        """Return what came after a place, oldest first; mostly that is little."""
        found = []
        for one in reversed(self._entries):
            if one[0].position <= place:
                break
            found.append(one)
        found.reverse()
        return found

    def _log(self, after: int, upto: int, entries: Sequence[LogEntry]) -> Log:
        return Log(self._host.incarnation, after, upto, written(tuple(entries)))

    # Questions ---------------------------------------------------------------------------------

    def _asked(self, envelope: Envelope, question: Follow) -> None:
        is_mine = question.incarnation == self._host.incarnation
        if is_mine and question.part == 0 and question.position >= self._forgotten:
            log, _ = self._after(question.position)
            self._say(envelope.source, envelope.number, log)
            return
        copy = self._copy_for(envelope.source, question)
        if copy.position > self.durable:
            return  # They ask again; by then it is durable.
        copy.is_told = True
        part = question.part if question.position == copy.position else 0
        is_last = part == len(copy.parts) - 1
        state = written_state(copy.parts[part])
        reply = Copy(self._host.incarnation, copy.position, part, is_last, state)
        self._say(envelope.source, envelope.number, reply)
        if is_last:
            del self._copies[envelope.source]

    def _copy_for(self, follower: str, question: Follow) -> _Copy:
        """Go on with the copy that is meant, or begin another one."""
        copy = self._copies.get(follower)
        if copy is not None:
            if question.part and question.position == copy.position:
                return copy
            if not copy.is_told:
                return copy
        assert self._server is not None, "there is a partition"
        served, lsn, tables, records = self._server.machine.shown()
        told = tuple([state for state in tables if is_told(state.id)])
        items = (shown(key, record) for key, record in records if is_told(key[0]))
        parts = states_of(served, lsn, told, items)
        copy = self._copies[follower] = _Copy(self._appended, tuple(parts))
        return copy

    def _say(self, follower: str, number: int, message: Log | Copy) -> None:
        assert self._server is not None, "there is a partition"
        self._server.peers.reply(follower, number, message)


def _nobody(_: Any) -> None:
    raise AssertionError("nothing arrives before there is a partition")


def appended(_: Feed, __: LogEntry) -> None:
    """Say nothing of an append that is on its way: a crash may take it back.

    Stands here for its mutant alone, which says it.
    """


def became_durable(feed: Feed, entry: LogEntry) -> None:
    """Tell of an append, now that it is durable."""
    feed.tell(entry)
