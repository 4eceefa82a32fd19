"""A reader of streams, as consumers are written: lineage, iterators, and all that goes wrong.

It is a node like a client, and its requests cross the same network.  It finds the streams, has each
described, and reads a shard when it has read the shard's parent to its end; whatever fails it asks
again, and when an iterator has expired it takes a new one behind the last record that it got.  What
it got, in the order in which it got it, is evidence of what a client of streams can rely on.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from items.typed_json import item_from_json
from items.values import Item
from network.host import Site
from sim.client import Client
from sim.history import Operation

LIMITS = (1, 3, 10, 100)  # Records that it asks for at a time …
PAUSES_US = (1_000, 20_000, 200_000, 3_000_000)  # … and how long it rests after it has seen all.
PAGES_MAX = 1_000  # Of one list.
TRIMMED = "TrimmedDataAccessException"  # What comes next was let go: it goes on with what is there.


class Got(NamedTuple):
    """A record as a reader got it."""

    arn: str
    shard: str
    parent: str  # The shard's, as the stream was described.
    sequence: str
    event: str
    key: Item
    old: Item | None
    new: Item | None
    transaction: str
    id: str
    size_bytes: int
    view: str


class _Shard:
    """How far a shard is read."""

    def __init__(self, arn: str, name: str, parent: str) -> None:
        self.arn, self.name, self.parent = arn, name, parent
        self.iterator = self.last = ""
        self.begins_at_last = False  # The iterator is to show the last record once more.
        self.is_ended = False


class StreamReader:
    """One reader, with all that it got."""

    def __init__(self, client: Client) -> None:
        self.got: list[Got] = []
        self.misplaced: list[tuple[str, str, str]] = []  # Shard, where to begin, where it began.
        self._known: set[tuple[str, str]] = set()  # Records by shard and number: each once.
        self.is_done = False  # It was asked to finish, and has seen everything since.
        self._client = client
        self._limit_site = client.host.site("limit")
        self._rest_site: Site = client.host.site("rest")
        self._kind_site = client.host.site("iterator")
        self._shards: dict[tuple[str, str], _Shard] = {}
        self._seen: set[_Shard] = set()  # Read to their end, in this look or (to finish) before.
        self._finishes = False

    @property
    def progress(self) -> int:
        """How far it has come: more with each new record, and with each shard that it has seen."""
        ended = sum(shard.is_ended for shard in self._shards.values())
        return len(self._known) + len(self._seen) + ended

    def finish(self) -> None:
        """Read to the end of what is there, and then no more, until asked again.

        It waits for its answers from now on: whoever gives up too soon sees nothing at all.
        """
        self._finishes = True
        self._client.be_patient()
        if self.is_done:
            self.is_done = False
            self._client.host.spawn(self.read())

    async def read(self) -> None:
        """Read until it is done."""
        finishes = False
        while True:
            if not finishes:  # Else what was seen to its end stays seen: nothing more comes.
                self._seen.clear()
            finishes = self._finishes
            is_all = await self._look()
            if is_all and finishes:
                self.is_done = True
                return
            if finishes or not is_all:
                await self._client.host.sleep(PAUSES_US[0])
            else:
                await self._client.host.sleep(PAUSES_US[self._rest_site.below(len(PAUSES_US))])

    async def _look(self) -> bool:
        """Look at everything once; say whether there was an answer to all, and nothing new."""
        arns = await self._list("ListStreams", {}, "Streams", "StreamArn")
        if arns is None:
            return False
        is_all = True
        for arn in arns:
            is_all = await self._look_at(arn["StreamArn"]) and is_all
        return is_all

    async def _look_at(self, arn: str) -> bool:
        described = await self._list("DescribeStream", {"StreamArn": arn}, "Shards", "ShardId")
        if described is None:
            return False
        for one in described:
            place = arn, one["ShardId"]
            if place not in self._shards:
                self._shards[place] = _Shard(*place, one.get("ParentShardId", ""))
        is_all = True
        for one in described:
            shard = self._shards[arn, one["ShardId"]]
            parent = self._shards.get((arn, shard.parent))
            if parent is not None and not parent.is_ended:
                is_all = False  # First its parent, to the end.
            elif not shard.is_ended:
                if await self._read(shard):
                    self._seen.add(shard)
                is_all = is_all and shard in self._seen
        return is_all

    async def _list(
        self, name: str, request: Mapping[str, Any], what: str, key: str
    ) -> list[Mapping[str, Any]] | None:
        """Read all pages of a list; None where one was not answered."""
        found: list[Mapping[str, Any]] = []
        asked = {**request, "Limit": 3}
        for _ in range(PAGES_MAX):
            operation = await self._client.call(name, asked)
            if operation.outcome != "committed":
                return None
            answer = operation.answer.get("StreamDescription", operation.answer)
            found += answer[what]
            last = answer.get(f"LastEvaluated{key}")
            if last is None:
                return found
            asked = {**asked, f"ExclusiveStart{key}": last}
        return None

    async def _read(self, shard: _Shard) -> bool:
        """Read a shard as far as it goes; say whether that was answered, and nothing new."""
        if not shard.iterator and not await self._place(shard):
            return False
        limit = LIMITS[self._limit_site.below(len(LIMITS))]
        request = {"ShardIterator": shard.iterator, "Limit": limit}
        operation = await self._client.call("GetRecords", request)
        if operation.outcome != "committed":
            if operation.error == "ExpiredIteratorException":
                self._client.host.note("iterator.expired")
                shard.iterator = ""
            elif operation.error == TRIMMED:
                shard.iterator = shard.last = ""
            return False
        records = operation.answer["Records"]
        for record in records:
            self._take(shard, record)
        shard.iterator = operation.answer.get("NextShardIterator", "")
        shard.is_ended = not shard.iterator
        return not records and not shard.is_ended

    async def _place(self, shard: _Shard) -> bool:
        """Get an iterator: at the beginning, or behind (or at) the last record that it has."""
        request = {"StreamArn": shard.arn, "ShardId": shard.name}
        if shard.last:
            kinds = "AFTER_SEQUENCE_NUMBER", "AT_SEQUENCE_NUMBER"
            kind = kinds[self._kind_site.below(len(kinds))]
            shard.begins_at_last = kind == "AT_SEQUENCE_NUMBER"
            request |= {"ShardIteratorType": kind, "SequenceNumber": shard.last}
        else:
            shard.begins_at_last = False
            request["ShardIteratorType"] = "TRIM_HORIZON"
        found: Operation = await self._client.call("GetShardIterator", request)
        if found.outcome == "committed":
            shard.iterator = found.answer["ShardIterator"]
        elif found.error == TRIMMED:
            shard.last = ""
        return bool(shard.iterator)

    def _take(self, shard: _Shard, record: Mapping[str, Any]) -> None:
        change = record["dynamodb"]
        sequence = change["SequenceNumber"]
        if shard.begins_at_last:
            shard.begins_at_last = False
            if sequence == shard.last:
                return
            self.misplaced.append((shard.name, shard.last, sequence))
        shard.last = sequence
        self._known.add((shard.name, sequence))
        old, new = change.get("OldImage"), change.get("NewImage")
        self.got.append(
            Got(
                shard.arn,
                shard.name,
                shard.parent,
                sequence,
                record["eventName"],
                item_from_json(change["Keys"]),
                None if old is None else item_from_json(old),
                None if new is None else item_from_json(new),
                record.get("TransactionId", ""),
                record["eventID"],
                change["SizeBytes"],
                change["StreamViewType"],
            )
        )
