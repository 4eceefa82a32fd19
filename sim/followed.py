"""The witness of followers: which version of an item each of their answers showed, and how old.

It takes every version of every item from the partitions' disks, with the moment at which it became
durable, and looks at each answer of a follower as it is given.  An answer is late if there was a
newer version by then; its age is for how long there had been one.  (Of a page only the items on it
are looked at: what a late page leaves out is not counted.)

What no disk had when it was shown is noted, and so is what cannot be the partition at any one
moment: a follower takes the log in order, so nothing that it shows may be older than what something
else that it showed has replaced already.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from items.keys import key_of_item
from items.values import Item
from network.codec import pack, unpack
from network.messages import Envelope, Eventual, Message, OfRange, Page, Read, Readings, RecordKey
from network.messages import Scan as ScanQuestion
from network.placement import is_internal
from partition.follower_server import FollowerServer
from partition.storage import Changes
from sim.checkers.disks import shown_lsn
from sim.packed import Packed

WRONGS_MAX = 1_000  # The first ones say most.


class Now(Protocol):
    now_us: int


class Version(NamedTuple):
    """One version of an item."""

    moment: int  # Appends of all disks are counted as they become durable.
    us: int
    lsn: int  # If the item went, the first one of the append that took it.
    item: Item | None


class Answer(NamedTuple):
    """An answer of a follower."""

    number: int  # In the witness's order of moments.
    us: int
    node: str
    request: str  # The client's attempt.
    age_us: int  # 0: nothing on it was late.
    items: tuple[tuple[RecordKey, int], ...]  # With their LSNs, as `shown_lsn` has them.


class Wrong(NamedTuple):
    """Something that no follower may show."""

    kind: str
    text: str
    request: str


class Early(NamedTuple):
    """What a follower showed, and no disk had then."""

    node: str
    request: str
    key: RecordKey
    lsn: int
    item: Item | None


class Followed:
    """What all followers of one run showed."""

    def __init__(self, loop: Now, number: Callable[[], int]) -> None:
        self._answers = Packed()
        self.versions: dict[RecordKey, list[Version]] = defaultdict(list)
        self._wrongs: list[Wrong] = []
        self._early: list[Early] = []
        self._loop, self._number = loop, number
        self._moment = 0
        self._lsns: dict[str, int] = {}  # The last one of each partition.
        # For each incarnation of a follower, the latest moment that it must have come to.
        self._reached: dict[tuple[str, int], int] = {}

    # What there was ----------------------------------------------------------------------------

    def durable(self, node: str, changes: Changes) -> None:
        """Take the versions that an append has made; what a split carries over is none."""
        self._moment += 1
        if node[0] != "p":
            return
        # The first LSN of this append: its deletes have it, or one of those behind it.
        first, self._lsns[node] = self._lsns.get(node, 0) + 1, changes.lsn
        for state in changes.tables:
            if state.dropped:
                for key in [key for key in self.versions if key[0] == state.id]:
                    self._version(key, None, first)
        if not changes.cause:
            return
        for key, record in changes.records:
            if not is_internal(key[0]):
                item = None if record is None else record.item
                self._version(key, item, first if record is None or item is None else record.lsn)

    def _version(self, key: RecordKey, item: Item | None, lsn: int) -> None:
        """Add a version, if it is another one: a promise or a check leaves the one there was."""
        known = self.versions[key]
        latest = known[-1] if known else FIRST
        if latest.item is item or (latest.item == item and (item is None or latest.lsn == lsn)):
            return
        known.append(Version(self._moment, self._loop.now_us, lsn, item))

    # What they showed --------------------------------------------------------------------------

    def answered(self, server: FollowerServer, envelope: Envelope, reply: Message) -> None:
        """Look at an answer of a follower as it is given."""
        message = envelope.message
        assert isinstance(message, Eventual), "nothing else is answered"
        seen = seen_in(message.question, reply, server)
        if seen is None:
            return
        request = request_of(message.question)
        places = [(one, self._place(*one)) for one in seen]
        node = server.host.name
        for (key, item, lsn), place in places:
            if place is None and len(self._early) < WRONGS_MAX:
                self._early.append(Early(node, request, key, lsn, item))
        found = [(one, place) for one, place in places if place is not None]
        self._in_order(server, request, [(one[0], place) for one, place in found])
        age_us = max((self._age_us(one[0], place) for one, place in found), default=0)
        items = tuple((key, shown_lsn(item, lsn)) for key, item, lsn in seen)
        answer = Answer(self._number(), self._loop.now_us, node, request, age_us, items)
        self._answers.add(pack(answer))

    @property
    def answers(self) -> Iterator[Answer]:
        """Give all answers, in the order in which they were given."""
        return (Answer(*unpack(packed)) for packed in self._answers)

    def _place(self, key: RecordKey, item: Item | None, lsn: int) -> int | None:
        """Count the versions up to the one that is shown; None: there is none such so far.

        A missing item shows the LSN of the last delete in its table: what was there by then is not
        missing.
        """
        known = self.versions.get(key, ())
        for place in range(len(known), 0, -1):
            version = known[place - 1]
            if item is not None and version.lsn == lsn and version.item == item:
                return place
            if item is None and version.lsn <= lsn:
                return place if version.item is None else None
        return 0 if item is None else None

    def _age_us(self, key: RecordKey, place: int) -> int:
        known = self.versions.get(key, ())
        return self._loop.now_us - known[place].us if place < len(known) else 0

    def _in_order(
        self, server: FollowerServer, request: str, shown: list[tuple[RecordKey, int]]
    ) -> None:
        who = server.host.name, server.host.incarnation
        reached = self._reached.get(who, 0)
        for key, place in shown:
            if place:
                reached = max(reached, self.versions[key][place - 1].moment)
        self._reached[who] = reached
        for key, place in shown:
            known = self.versions.get(key, ())
            if place < len(known) and known[place].moment <= reached:
                text = (
                    f"{who[0]} showed version {place} of {said(key)}, and before or beside it"
                    f" something that is newer than version {place + 1}"
                )
                self._wrong("out of order", text, request)

    def _wrong(self, kind: str, text: str, request: str) -> None:
        if len(self._wrongs) < WRONGS_MAX:
            self._wrongs.append(Wrong(kind, text, request))

    def wrongs(self) -> Iterable[Wrong]:
        """Tell, at the end of a run, what no follower may show."""
        yield from self._wrongs
        for node, request, key, lsn, item in self._early:
            if self._place(key, item, lsn) is None:
                text = f"{node} showed {said(key)} as {item}, which no disk has ever had"
                yield Wrong("garbage shown", text, request)
            else:
                text = f"{node} showed {said(key)} as {item} before that was durable"
                yield Wrong("shown too early", text, request)


FIRST = Version(0, 0, 0, None)  # Before its first write an item is missing.
Seen = list[tuple[RecordKey, Item | None, int]]  # Items shown, with their LSNs.


def seen_in(question: Read | OfRange, reply: Message, server: FollowerServer) -> Seen | None:
    """Return what an answer shows; None if it is a refusal."""
    if isinstance(question, Read):
        if not isinstance(reply, Readings):
            return None
        both = zip(question.keys, reply.readings, strict=True)
        return [(key, reading.item, reading.lsn) for key, reading in both]
    scan = question.question
    if not isinstance(reply, Page) or not isinstance(scan, ScanQuestion):
        return None
    schema = server.state.state_of(scan.table).schema
    items = zip(reply.items, reply.lsns, strict=True)
    return [((scan.table, key_of_item(schema, item)), item, lsn) for item, lsn in items]


def request_of(question: Read | OfRange) -> str:
    if isinstance(question, Read):
        return question.request
    scan = question.question
    return scan.request if isinstance(scan, ScanQuestion) else ""


def said(key: RecordKey) -> str:
    return "/".join(str(content) for _, content in key[1])
