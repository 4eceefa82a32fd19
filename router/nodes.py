"""How a router asks other nodes, and what it makes of their silence.

What may be asked twice is asked until it is answered.  A singleton write may not: it is asked
once, and silence or the refusal of a partition that came back leaves an unknown outcome.
"""

from collections.abc import Sequence
from typing import TypeAlias

from items.actions import Action
from items.errors import (
    CATALOGUE,
    INTERNAL_SERVER_ERROR,
    PROVISIONED_THROUGHPUT_EXCEEDED,
    DynamoDBError,
)
from items.values import Item
from network.host import Host
from network.messages import (
    Backfill,
    DropTable,
    Failed,
    Filled,
    FindShards,
    Finished,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Page,
    Read,
    Reading,
    Readings,
    ReadItems,
    ReadStream,
    ReadTransaction,
    RecordKey,
    Restarted,
    Scan,
    SetTable,
    ShardGone,
    Shards,
    StreamPage,
    Throttled,
    Weigh,
    Weights,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.owners import Owners, Pauses, is_elsewhere
from network.placement import Placement, Share
from network.rpc import Ask, Patience, Peers
from network.streams import Shard, node_of_shard
from router.options import RouterOptions

WriteReply: TypeAlias = Written | WriteRefused | NotMine
EachReply: TypeAlias = Reading | NotMine | Throttled


def nobody_knows() -> DynamoDBError:
    """Make the error for an outcome that is unknown."""
    return DynamoDBError(INTERNAL_SERVER_ERROR)


def throttled() -> DynamoDBError:
    """Make the error for a read that a partition has no room for now; SDKs ask again."""
    return DynamoDBError(PROVISIONED_THROUGHPUT_EXCEEDED)


class Nodes:
    """The partitions, ledger nodes and coordinators, as one router sees them."""

    def __init__(
        self,
        host: Host,
        peers: Peers,
        placement: Placement,
        coordinators: list[str],
        options: RouterOptions,
    ) -> None:
        self.placement = placement
        self._host, self._peers, self._options = host, peers, options
        self._owners = Owners(host, peers, placement)
        self._reading = options.patience(options.read_deadline_us)
        self._tells_price = options.tells_price
        self._transaction = options.patience(options.transaction_deadline_us)
        self._coordinators = tuple(coordinators)
        self._coordinator_site = host.site("coordinator")
        self._incarnations: dict[str, int] = {}  # Of partitions and ledger nodes, as last heard.

    async def read(
        self, key: RecordKey, request: str, *, costs_half: bool = False
    ) -> Reading | NotMine:
        """Read one item outside any transaction (§2.2)."""
        question = Read((key,), 0, request, costs_half and self._tells_price)
        ((_, reply),) = await self._owners.ask((key,), lambda _: question, self._reading)
        if isinstance(reply, Readings):
            return reply.readings[0]
        if isinstance(reply, NotMine):
            return reply
        raise throttled() if isinstance(reply, Throttled) else nobody_knows()

    async def read_all(self, keys: tuple[RecordKey, ...], request: str) -> list[Reading | NotMine]:
        """Read items, each as it is at its own moment.

        Raises:
            DynamoDBError: ProvisionedThroughputExceededException if that is too much for a table.
        """
        found = await self.read_each(keys, request)
        passed = [one for one in found if not isinstance(one, Throttled)]
        if len(passed) < len(found):
            raise throttled()
        return passed

    async def read_each(
        self, keys: tuple[RecordKey, ...], request: str, halves: Sequence[int] = ()
    ) -> list[EachReply]:
        """Read items, also where some of them are too much for their table.

        Those at the places `halves` cost half.  What is paid for otherwise, by another table or at
        another price, is asked for by itself, so that it is let through or refused by itself.
        """
        found: dict[int, EachReply] = {}
        for places, costs_half in self._by_price(keys, halves):

            def question(mine: Sequence[int], costs_half: bool = costs_half) -> Read:
                return Read(tuple([keys[n] for n in mine]), 0, request, costs_half)

            for mine, reply in await self._owners.ask(keys, question, self._reading, places):
                match reply:
                    case Readings(readings=readings):
                        found.update(zip(mine, readings, strict=True))
                    case NotMine() | Throttled():
                        found.update(dict.fromkeys(mine, reply))
                    case _:
                        raise nobody_knows()
        return [found[position] for position in range(len(keys))]

    def _by_price(
        self, keys: Sequence[RecordKey], halves: Sequence[int]
    ) -> list[tuple[list[int] | None, bool]]:
        """Put the places of keys together that one table pays for at one price; None: all."""
        if not self._tells_price:
            return [(None, False)]
        half = dict.fromkeys(halves, True)
        groups: dict[tuple[str, bool], list[int]] = {}
        for place, (table, _) in enumerate(keys):
            groups.setdefault((table, half.get(place, False)), []).append(place)
        return [(places, costs_half) for (_, costs_half), places in groups.items()]

    async def scan(self, share: Share, scan: Scan) -> Page | NotMine:
        """Read the next page of one partition, if this is (still) its range."""
        reply = await self._peers.ask(share.node, self._of(share, scan), self._reading)
        if isinstance(reply, Page | NotMine):
            return reply
        if isinstance(reply, Throttled):
            raise throttled()
        raise nobody_knows()

    async def write_once(
        self, action: Action, return_values: str, request: str, patience: Patience
    ) -> WriteReply:
        """Have the owner carry out a singleton write, once (§3.3).

        Raises:
            DynamoDBError: InternalServerError where nobody knows whether it was written.
        """
        (reply,) = await self.write_all_once((action,), return_values, request, patience)
        if reply is None:
            raise nobody_knows()
        return reply

    async def write_all_once(
        self, actions: Sequence[Action], return_values: str, request: str, patience: Patience
    ) -> list[WriteReply | None]:
        """Have the owners carry out singleton writes, each once; None where nobody knows.

        A partition refuses whatever names another incarnation than its own.  Incarnation 0 is
        nobody's, so that refusal is sure, and the next question is the first.  Any other may be
        about a copy: the network may have brought one to the incarnation that was meant.
        """
        replies: list[WriteReply | None] = [None] * len(actions)
        open_positions = list(range(len(actions)))
        pauses: Pauses | None = None
        while open_positions:
            nodes = [self._owner(actions[position]) for position in open_positions]
            meant = [self._incarnations.get(node, 0) for node in nodes]
            asks = [
                (node, Write(actions[position], return_values, incarnation, request))
                for position, node, incarnation in zip(open_positions, nodes, meant, strict=True)
            ]
            answers = await self._peers.ask_all(asks, patience)
            refused = []
            for position, node, incarnation, answer in zip(
                open_positions, nodes, meant, answers, strict=True
            ):
                if isinstance(answer, Restarted):
                    self._heard(node, answer)
                    if incarnation == 0:
                        refused.append(position)
                elif is_elsewhere(answer):
                    refused.append(position)  # And surely not written, nor will it be.
                elif isinstance(answer, WriteReply):
                    replies[position] = answer
            strays = [answer for answer in answers if is_elsewhere(answer)]
            if strays:
                pauses = pauses or self.pauses(patience.deadline_us)
                if await pauses.heed(strays) == 0:
                    break
            open_positions = refused
        return replies

    async def write_surely(self, action: Action, patience: Patience) -> WriteReply | None:
        """Ask for a write that names the state it expects until it is answered; None: silence.

        Had an earlier question been carried out, the state would not be the expected one: so it is
        safe to ask anew, also after the node came back or forgot us.
        """
        pauses: Pauses | None = None
        while True:
            node = self._owner(action)
            incarnation = self._incarnations.get(node, 0)
            reply = await self._peers.ask(node, Write(action, "NONE", incarnation, ""), patience)
            if is_elsewhere(reply):
                pauses = pauses or self.pauses(patience.deadline_us)
                if await pauses.heed((reply,)) == 0:
                    return None
            elif reply is None or isinstance(reply, WriteReply):
                return reply
            elif isinstance(reply, Restarted):
                self._heard(node, reply)

    async def write_transaction(self, message: WriteTransaction) -> Finished:
        """Have a coordinator carry out a write transaction (§3.3)."""
        reply = await self._ask_coordinator(message)
        if isinstance(reply, Finished):
            return reply
        raise error_of(reply)

    async def read_transaction(self, message: ReadTransaction) -> ReadItems | Finished:
        """Have a coordinator carry out a read transaction (§3.4)."""
        reply = await self._ask_coordinator(message)
        if isinstance(reply, ReadItems | Finished):
            return reply
        raise error_of(reply)

    async def ask_everyone(self, question: OpenTable | SetTable | DropTable) -> None:
        """Ask all who own a range of this table, until all of it has been answered for.

        Who splits afterwards tells its child.
        """
        answered: list[Share] = []
        pauses = self.pauses(None)
        while True:
            left = [one for one in self.placement.shares(question.table) if one not in answered]
            if not left:
                return
            asks: list[Ask] = [(share.node, self._of(share, question)) for share in left]
            replies = await self._peers.ask_all(asks, self._options.patience(None))
            both = list(zip(left, replies, strict=True))
            answered += [share for share, reply in both if not is_elsewhere(reply)]
            strays = [reply for reply in replies if is_elsewhere(reply)]
            if strays:
                await pauses.heed(strays)

    async def backfill(self, share: Share, question: Backfill) -> Filled | NotMine:
        """Have a partition bring items into an index, until it answers."""
        reply: Filled | NotMine = await self._peers.ask(
            share.node, self._of(share, question), self._options.patience(None)
        )
        return reply

    async def find_shards(self, table_name: str, label: str) -> list[tuple[Shard, int]]:
        """Ask all partitions for the shards that they keep.

        With each comes the latest sequence number of its partition.  All of them are asked while
        the placement is one and the same, so that a shard's parent is told of with it: whoever
        answered before a split may have split once more in between.
        """
        found: dict[str, Shards] = {}
        pauses = self.reading_pauses()
        asked_by = self.placement.record.number
        while True:
            if self.placement.record.number != asked_by:
                found, asked_by = {}, self.placement.record.number
            left = [node for node in self.placement.partitions if node not in found]
            if not left:
                return [(one, told.latest) for told in found.values() for one in told.shards]
            asks: list[Ask] = [(node, FindShards(table_name, label)) for node in left]
            replies = await self._peers.ask_all(asks, self._reading)
            strays = [reply for reply in replies if is_elsewhere(reply)]
            for node, reply in zip(left, replies, strict=True):
                if isinstance(reply, Shards):
                    found[node] = reply
                    self.placement.learn(reply.placement)  # Perhaps there is a child to be asked.
                elif not is_elsewhere(reply):
                    raise nobody_knows()
            if strays and await pauses.heed(strays) == 0:
                raise nobody_knows()

    async def read_stream(self, message: ReadStream) -> StreamPage | ShardGone:
        """Read a shard's next records from whoever keeps it."""
        reply = await self._peers.ask(node_of_shard(message.shard), message, self._reading)
        if isinstance(reply, StreamPage | ShardGone):
            return reply
        raise nobody_knows()

    async def weigh(self, keys: tuple[RecordKey, ...]) -> list[int]:
        """Weigh the item collections of these keys; of what nobody knows, nothing."""
        found: dict[int, int] = {}

        def question(mine: Sequence[int]) -> Weigh:
            return Weigh(tuple([keys[n] for n in mine]))

        for mine, reply in await self._owners.ask(keys, question, self._reading):
            if isinstance(reply, Weights):
                found.update(zip(mine, reply.bytes, strict=True))
        return [found.get(position, 0) for position in range(len(keys))]

    def pauses(self, deadline_us: int | None) -> Pauses:
        """Return the waits of a question that begins now, for ranges that are on their way."""
        return Pauses(self._host, self.placement, deadline_us)

    def reading_pauses(self) -> Pauses:
        return self.pauses(self._options.read_deadline_us)

    def _of(
        self, share: Share, question: Scan | OpenTable | SetTable | DropTable | Backfill
    ) -> Message:
        """Name the range that is meant, unless it is the one that the partition began with."""
        if self.placement.record.number == 0:
            return question
        return OfRange(share.range, question)

    def _owner(self, action: Action) -> str:
        return self.placement.owner(action.table, action.key)

    def _heard(self, node: str, reply: Restarted) -> None:
        self._incarnations[node] = max(self._incarnations.get(node, 0), reply.incarnation)

    async def _ask_coordinator(self, message: Message) -> Message | None:
        coordinator = self._coordinators[self._coordinator_site.below(len(self._coordinators))]
        reply: Message | None = await self._peers.ask(coordinator, message, self._transaction)
        return reply


def images_in(reply: Written) -> tuple[Item | None, Item | None]:
    """Return the item before and the item after a write that was asked for both."""
    images = reply.attributes or {}
    before, after = images.get("Before"), images.get("After")
    return before and before[1], after and after[1]


def error_of(reply: Message | None) -> DynamoDBError:
    """Make the error that a client is told of an answer that is none."""
    match reply:
        case Failed(error=error, message=message):
            return DynamoDBError(CATALOGUE[error], message)
        case WriteRefused(error=error, message=message, item=item):
            return DynamoDBError(CATALOGUE[error], message, item=item)
        case _:
            return nobody_knows()
