"""The recovery manager: finds transactions that nobody finishes, and those long forgotten (§3.5).

It looks through the ledger, again and again, beginning at a random key; and partitions tell it of
transactions that have been ongoing on their items for too long.  Either way it hands the
transaction to a coordinator.  An operator's order to split goes through it as well (`order_split`).

Durations are elapsed time on the manager's own timer.  How long an entry has stood as it is, the
manager knows from LSNs: it notes a ledger node's last LSN now and then, and what has a lower one
later has not been written since.
"""

from collections import deque
from typing import Any

from coordinator.ledger import NAMES, Ledger, State, entry_of
from coordinator.options import CoordinatorOptions
from items.keys import Key
from network.host import Host
from network.ids import EntryKey, TableId, TransactionId
from network.messages import (
    Frame,
    NotMine,
    OfRange,
    Page,
    Recover,
    Scan,
    Split,
    Stalled,
    from_frame,
)
from network.owners import is_elsewhere
from network.placement import LEDGER_TABLE, Placement
from network.rpc import Peers

NOTES = 16  # Of a ledger node's LSN, in the time that is looked back.


class Horizon:
    """What a ledger node's last LSN was, some fixed time ago."""

    def __init__(self, ago_us: int) -> None:
        self._ago_us = ago_us
        self._notes: deque[tuple[int, int]] = deque()  # (elapsed time, LSN), a few of them.

    def note(self, elapsed_us: int, lsn: int) -> None:
        """Note the last LSN as it is now."""
        if not self._notes or elapsed_us - self._notes[-1][0] >= self._ago_us // NOTES:
            self._notes.append((elapsed_us, lsn))

    def lsn(self, elapsed_us: int) -> int:
        """Return an LSN that was there that long ago: what has no higher one is unchanged since.

        -1 where nothing is known of so long ago.
        """
        notes, then_us = self._notes, elapsed_us - self._ago_us
        while len(notes) > 1 and notes[1][0] <= then_us:
            notes.popleft()
        return notes[0][1] if notes and notes[0][0] <= then_us else -1


class RecoveryManager:
    """One incarnation of a recovery manager; its node's whole server."""

    def __init__(
        self, host: Host, placement: Placement, coordinators: list[str], options: CoordinatorOptions
    ) -> None:
        self._host, self._placement, self._options = host, placement, options
        self._coordinators = coordinators
        self._peers = Peers(host)
        self._ledger = Ledger(host, self._peers, placement, options)
        self._coordinator_site = host.site("coordinator")
        self._start_site = host.site("scan start")
        self._looked_at: list[str] = []
        self._look_at_all()

    def receive(self, frame: Frame) -> None:
        """Take an answer, or a partition's word of a stalled transaction."""
        envelope = from_frame(frame)
        message = envelope.message
        if envelope.reply_to:
            self._peers.answered(envelope.reply_to, message)
        elif isinstance(message, Stalled):
            self._hand_over(message.transaction, message.entry, envelope.source, message.keys)

    def order_split(self, partition: str, at: int, child: str) -> None:
        """Have a partition give the range from `at` on to a new node: an operator wants it so."""
        self._host.spawn(self._order(partition, Split(at, child)))

    async def _order(self, partition: str, order: Split) -> None:
        patience = self._options.patience(self._options.answer_deadline_us)
        await self._peers.ask(partition, order, patience)

    def _hand_over(
        self,
        transaction: TransactionId,
        entry: EntryKey,
        partition: str = "",
        keys: tuple[Any, ...] = (),
    ) -> None:
        coordinator = self._coordinators[self._coordinator_site.below(len(self._coordinators))]
        self._peers.tell(coordinator, Recover(transaction, entry, partition, keys))

    def _look_at_all(self) -> None:
        """Begin to look through each ledger node that is known; a split makes new ones."""
        for node in self._placement.ledgers:
            if node not in self._looked_at:
                self._looked_at.append(node)
                self._host.spawn(self._look_through(node))

    async def _look_through(self, node: str) -> None:
        """Look through one ledger node for ever, a few pages at a time."""
        options = self._options
        stalled, old = Horizon(options.stalled_after_us), Horizon(options.token_valid_us)
        cursor: Key | None = (("S", f"{self._start_site.below(1 << 32):08x}"),)
        while True:
            await self._host.sleep(options.scan_us)
            now_us = self._host.elapsed_us()
            stalled_lsn, old_lsn = stalled.lsn(now_us), old.lsn(now_us)
            for _ in range(options.scan_pages):
                page = await self._page(node, cursor, with_completed=old_lsn >= 0)
                if isinstance(page, NotMine):  # It splits, or has: the next look knows better.
                    self._placement.learn(page.placement)
                    break
                for horizon in (stalled, old):
                    horizon.note(self._host.elapsed_us(), page.lsn)
                await self._judge(page, stalled_lsn, old_lsn)
                cursor = page.last
                if cursor is None:
                    break
            if len(self._looked_at) < len(self._placement.ledgers):
                self._look_at_all()

    async def _judge(self, page: Page, stalled_lsn: int, old_lsn: int) -> None:
        """Hand over what has stood unfinished for too long, and purge what has long been done."""
        for item, lsn in zip(page.items, page.lsns, strict=True):
            entry = entry_of(item)
            if entry.state is State.COMPLETED:
                if lsn <= old_lsn:
                    await self._ledger.purge(entry.transaction.entry, entry.transaction.id)
            elif lsn <= stalled_lsn:
                self._hand_over(entry.transaction.id, entry.transaction.entry)

    async def _page(self, node: str, after: Key | None, *, with_completed: bool) -> Page | NotMine:
        scan = Scan(
            table=TableId(LEDGER_TABLE),
            partition_value=None,
            sort_condition=None,
            after=after,
            forward=True,
            limit=self._options.scan_page,
            filter=None if with_completed else "#state <> :completed",
            names={"#state": NAMES["#state"]},
            values={":completed": ("S", str(State.COMPLETED))},
            request="",
        )
        question: Scan | OfRange = scan
        if self._placement.record.number:
            question = OfRange(self._placement.range_of(node), scan)
        patience = self._options.patience(None)
        page: Page | NotMine = await self._peers.ask(node, question, patience)
        assert isinstance(page, Page) or is_elsewhere(page), "a ledger node knows the ledger"
        return page
