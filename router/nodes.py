"""How a router asks other nodes, and what it makes of their silence.

What may be asked twice is asked until it is answered.  A singleton write may not: it is asked
once, and silence or the refusal of a partition that came back leaves an unknown outcome.
"""

from collections.abc import Sequence
from typing import TypeAlias

from items.actions import Action
from items.errors import CATALOGUE, INTERNAL_SERVER_ERROR, DynamoDBError
from network.host import Host
from network.messages import (
    Failed,
    Finished,
    Message,
    NotMine,
    Page,
    Read,
    Reading,
    Readings,
    ReadItems,
    ReadTransaction,
    RecordKey,
    Restarted,
    Scan,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.placement import Placement
from network.rpc import Patience, Peers
from router.options import RouterOptions

WriteReply: TypeAlias = Written | WriteRefused | NotMine


def nobody_knows() -> DynamoDBError:
    """Make the error for an outcome that is unknown."""
    return DynamoDBError(INTERNAL_SERVER_ERROR)


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
        self._peers, self._options = peers, options
        self._coordinators = tuple(coordinators)
        self._coordinator_site = host.site("coordinator")
        self._incarnations: dict[str, int] = {}  # Of partitions and ledger nodes, as last heard.

    async def read(self, key: RecordKey, request: str) -> Reading | NotMine:
        """Read one item outside any transaction (§2.2)."""
        (reading,) = await self.read_all((key,), request)
        return reading

    async def read_all(self, keys: tuple[RecordKey, ...], request: str) -> list[Reading | NotMine]:
        """Read items, each as it is at its own moment."""
        positions: dict[str, list[int]] = {}
        for position, key in enumerate(keys):
            positions.setdefault(self.placement.owner(*key), []).append(position)
        asks = [
            (node, Read(tuple(keys[position] for position in mine), 0, request))
            for node, mine in positions.items()
        ]
        found: dict[int, Reading | NotMine] = {}
        replies = await self._peers.ask_all(asks, self._reading())
        for mine, reply in zip(positions.values(), replies, strict=True):
            match reply:
                case Readings(readings=readings):
                    found.update(zip(mine, readings, strict=True))
                case NotMine():
                    found.update(dict.fromkeys(mine, reply))
                case _:
                    raise nobody_knows()
        return [found[position] for position in range(len(keys))]

    async def scan(self, node: str, scan: Scan) -> Page | NotMine:
        """Read one partition's next page."""
        reply = await self._peers.ask(node, scan, self._reading())
        if isinstance(reply, Page | NotMine):
            return reply
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
                elif isinstance(answer, WriteReply):
                    replies[position] = answer
            open_positions = refused
        return replies

    async def write_surely(self, action: Action, patience: Patience) -> WriteReply | None:
        """Ask for a write that names the state it expects until it is answered; None: silence.

        Had an earlier question been carried out, the state would not be the expected one: so it is
        safe to ask anew, also after the node came back or forgot us.
        """
        node = self._owner(action)
        while True:
            incarnation = self._incarnations.get(node, 0)
            reply = await self._peers.ask(node, Write(action, "NONE", incarnation, ""), patience)
            if reply is None or isinstance(reply, WriteReply):
                return reply
            if isinstance(reply, Restarted):
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

    async def ask_everyone(self, nodes: tuple[str, ...], message: Message) -> None:
        """Ask these nodes until each of them has answered."""
        asks = [(node, message) for node in nodes]
        await self._peers.ask_all(asks, self._options.patience(None))

    def _owner(self, action: Action) -> str:
        return self.placement.owner(action.table, action.key)

    def _reading(self) -> Patience:
        return self._options.patience(self._options.read_deadline_us)

    def _heard(self, node: str, reply: Restarted) -> None:
        self._incarnations[node] = max(self._incarnations.get(node, 0), reply.incarnation)

    async def _ask_coordinator(self, message: Message) -> Message | None:
        coordinator = self._coordinators[self._coordinator_site.below(len(self._coordinators))]
        patience = self._options.patience(self._options.transaction_deadline_us)
        reply: Message | None = await self._peers.ask(coordinator, message, patience)
        return reply


def error_of(reply: Message | None) -> DynamoDBError:
    """Make the error that a client is told of an answer that is none."""
    match reply:
        case Failed(error=error, message=message):
            return DynamoDBError(CATALOGUE[error], message)
        case WriteRefused(error=error, message=message, item=item):
            return DynamoDBError(CATALOGUE[error], message, item=item)
        case _:
            return nobody_knows()
