"""Takes the entries of global indexes from a partition's outbox to those who keep them (§2.1).

Asynchronous, as in DynamoDB: nobody waits for it, and an index shows a write some time after its
table does.  Only what is durable is sent, because a crash may lose the rest; it is sent until it is
acknowledged, and then taken out of the outbox, durably.  So a crash at any point sends something
twice at worst.  Each owner has a queue and one message under way: who is away holds up nobody else.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from network.host import Host
from network.ids import TableId
from network.messages import Done, IndexEntry, NotMine, Propagate, RecordKey
from network.owners import Pauses
from network.placement import Placement
from network.rpc import Patience, Peers
from partition.entries import Entries
from partition.record import Record
from partition.storage import Keep

ENTRIES_MAX = 100  # Of one message …
LOOKED_AT_MAX = 1_000  # … from the first so many that wait.
ASKED_US = 2_000_000  # So long at once: who has given a range away must not go on for ever.
PATIENCE = Patience(40_000, 1_000_000, ASKED_US)

Batch = list[tuple[RecordKey, Record, IndexEntry]]


class Propagator:
    """One incarnation's."""

    def __init__(
        self, host: Host, peers: Peers, entries: Entries, placement: Placement, keep: Keep
    ) -> None:
        self._host, self._peers, self._entries, self._keep = host, peers, entries, keep
        self._placement = placement.copy()
        # What is to be durable first, each with the number of its append.
        self._young: deque[tuple[int, RecordKey, Record]] = deque()
        self._queues: dict[str, dict[RecordKey, Record]] = {}  # By owner; as they are durable.
        self._busy: dict[str, bool] = {}

    def queued(self, append: int, key: RecordKey, record: Record) -> None:
        """Note an entry that this append makes durable."""
        self._young.append((append, key, record))

    def go_on(self, durable: int) -> None:
        """Send what is durable by now: all appends up to this one are."""
        young = self._young
        while young and young[0][0] <= durable:
            _, key, record = young.popleft()
            self._enqueue(key, record)
        self._send_all()

    def take_up(self, waiting: Iterable[tuple[RecordKey, Record]]) -> None:
        """Send all that waits, after a start, or when a range came or went."""
        young = {key for _, key, _ in self._young}  # Not durable yet: sent when they are.
        for key, record in waiting:
            if key not in young:
                self._enqueue(key, record)
        self._send_all()

    def _enqueue(self, key: RecordKey, record: Record) -> None:
        place = self._entries.place_of(key)
        if place is not None:
            self._queues.setdefault(self._placement.owner(*place), {})[key] = record

    def _send_all(self) -> None:
        for owner in list(self._queues):
            if owner not in self._busy:
                self._busy[owner] = True
                self._host.spawn(self._send(owner))

    async def _send(self, owner: str) -> None:
        """Send what one owner is to have, a message after the other, until nothing waits."""
        pauses = Pauses(self._host, self._placement)
        while self._queues.get(owner):
            index, batch = self._batch(self._queues[owner])
            if not batch:
                continue  # What there was has left with its range, or been dropped.
            message = Propagate(index, tuple([entry for _, _, entry in batch]))
            reply = await self._peers.ask(owner, message, PATIENCE)
            if not isinstance(reply, Done):
                if isinstance(reply, NotMine):
                    await pauses.heed((reply,))
                self._enqueue_again(owner, batch)
                continue
            changes = self._entries.arrived([(key, one.timestamp) for key, one, _ in batch])
            if changes is not None:
                await self._keep(changes)
        del self._busy[owner]
        self._queues.pop(owner, None)
        self._send_all()

    def _batch(self, queue: dict[RecordKey, Record]) -> tuple[TableId, Batch]:
        """Take the first entries out of a queue that still wait, all of one index."""
        batch: Batch = []
        index = ""
        for key, record in list(islice(queue.items(), LOOKED_AT_MAX)):
            place = self._entries.place_of(key)
            if place is None:  # Its range has left, or its table is gone.
                del queue[key]
                continue
            index = index or place[0]
            if place[0] == index and len(batch) < ENTRIES_MAX:
                assert record.item is not None, "a removed entry is an empty one"
                batch.append((key, record, IndexEntry(place[1], record.item, record.timestamp)))
                del queue[key]
        return TableId(index), batch

    def _enqueue_again(self, owner: str, batch: Batch) -> None:
        """Queue everything of an owner's anew, for those who own it as is known by now."""
        queue = self._queues.pop(owner, {})
        for key, record, _ in batch:
            if key not in queue:  # What is there is newer.
                self._enqueue(key, record)
        for key, record in queue.items():
            self._enqueue(key, record)
