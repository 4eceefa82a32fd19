"""The ledger: the table of write transactions and their states (§3.5).

It is a table like any other, on partitions of its own, written with ordinary conditional writes.  A
coordinator therefore keeps nothing that a crash could lose, and the commit point of a transaction
is one compare-and-set: PREPARING → COMMITTING or CANCELLING.  The paper lets several coordinators
finish one transaction and does not say how they agree; without the compare-and-set one could
commit what another has cancelled.

An entry is kept under the request's token, so that token and transaction are one record: with two,
every order of writing them carries some request out twice.  Each write names the state that it
expects, and is asked again until it is answered; a repeat that finds another state adopts it.

    nothing, or cancelled under another call ── begin ──▶ PREPARING
    PREPARING ── decide ──▶ COMMITTING or CANCELLING ── complete ──▶ COMPLETED ── purge ──▶ nothing
"""

from enum import StrEnum
from typing import TypeAlias

from coordinator.options import CoordinatorOptions
from items.actions import Action, Delete, Put, Update
from items.data import data
from items.errors import CONDITIONAL_CHECK_FAILED, Reason
from items.keys import Key
from items.values import AttributeValue, Item
from network.codec import decode, encode
from network.host import Host
from network.ids import NEVER, EntryKey, Timestamp, TransactionId
from network.messages import NotMine, Read, Readings, Restarted, Write, WriteRefused, Written
from network.owners import Owners, Pauses
from network.placement import LEDGER_TABLE, Placement
from network.rpc import Peers

REFUSED_CALLS_MAX = 100  # Calls that were cancelled, or no match, under one token.


class State(StrEnum):
    """How far a transaction has come (Listing 2)."""

    PREPARING = "PREPARING"
    COMMITTING = "COMMITTING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"


# As an entry's item has them.
PREPARING, COMMITTING, CANCELLING, COMPLETED = [("S", str(state)) for state in State]


@data
class RefusedCall:
    """A call that was refused under a token, and stays so whatever comes of the token.

    Its attempt was cancelled before another call began anew, or it did not match what was there.
    """

    call: str
    reasons: tuple[Reason, ...]


@data
class Transaction:
    """A write transaction, all that it takes to drive it to its end."""

    id: TransactionId
    entry: EntryKey
    timestamp: Timestamp
    call: str
    fingerprint: bytes
    actions: tuple[Action, ...]  # Empty once it is completed: nobody needs them any more.


@data
class Entry:
    """What the ledger says of a transaction."""

    transaction: Transaction
    state: State
    reasons: tuple[Reason, ...] = ()  # Why it was cancelled; empty if committed or undecided.
    refused: tuple[RefusedCall, ...] = ()

    @property
    def is_decided(self) -> bool:
        return self.state is not State.PREPARING

    @property
    def is_cancelled(self) -> bool:
        return bool(self.reasons)

    def refusal_of(self, call: str) -> tuple[Reason, ...]:
        """Return why an earlier attempt of this call was refused; empty if none was."""
        if self.is_cancelled and self.transaction.call == call:
            return self.reasons
        return next((one.reasons for one in self.refused if one.call == call), ())


Reasons: TypeAlias = tuple[Reason, ...]
Refused: TypeAlias = tuple[RefusedCall, ...]
Actions: TypeAlias = tuple[Action, ...]


class Ledger:
    """One coordinator's way to the ledger."""

    def __init__(
        self, host: Host, peers: Peers, placement: Placement, options: CoordinatorOptions
    ) -> None:
        self._host, self._elapsed_us = host, host.elapsed_us
        self._peers, self._placement = peers, placement
        self._owners = Owners(host, peers, placement)
        self._patience = options.patience(None)
        # For so long a begun transaction is surely found again, and need not have been purged.
        self._remembered_us = options.token_valid_us // 2
        self._incarnations: dict[str, int] = {}  # Of ledger nodes, as last heard.

    async def begin(self, transaction: Transaction) -> Entry | None:
        """Enter a transaction as PREPARING, and return the entry that is there now.

        It is this transaction's own, or an earlier one under the same token that this one must not
        replace.  Only a cancelled and completed attempt of another call gives way; whoever was
        refused before it stays refused.

        None if the ledger was silent for so long that the transaction may have been entered,
        finished and purged meanwhile: entering it again could carry it out twice.
        """
        until_us = self._elapsed_us() + self._remembered_us
        mine = Entry(transaction, State.PREPARING)
        expected: Entry | None = None
        while self._elapsed_us() < until_us:
            written, found = await self._write(_entering(mine, expected), until_us)
            if written:
                return mine
            if found is None:  # What we meant to replace was purged meanwhile, or time is up.
                mine, expected = Entry(transaction, State.PREPARING), None
                continue
            if found.transaction.id == transaction.id:
                return found  # Our own earlier question did it, or somebody has decided since.
            if not may_begin_anew(found, transaction.call):
                return found
            # Of calls of old only why they were refused is kept, not the items that were shown.
            reasons = tuple([Reason(one.code, one.message) for one in found.reasons])
            old = RefusedCall(found.transaction.call, reasons)
            mine = Entry(transaction, State.PREPARING, (), (*found.refused, old))
            expected = found
        return None

    async def refuse(self, entry: Entry, call: str, reasons: Reasons) -> bool:
        """Remember with this entry that another call was refused; say whether it is still there.

        A later attempt of that call, perhaps sent earlier, must find it when the token is free.
        """
        assert len(entry.refused) < REFUSED_CALLS_MAX, "too many to remember"
        refused = (*entry.refused, RefusedCall(call, reasons))
        condition, values = _refused_as_in(entry)
        values[":refused"] = ("B", encode(refused, Refused))
        key = entry.transaction.entry
        written, _ = await self._write(_update(key, "SET Refused = :refused", condition, values))
        return written

    async def find(self, key: EntryKey) -> Entry | None:
        """Return the entry as it is now; None if there is none (any more)."""
        keys = ((LEDGER_TABLE, entry_key(key)),)
        question = Read(keys, 0, "")
        while True:
            ((_, reply),) = await self._owners.ask(keys, lambda _: question, self._patience)
            if isinstance(reply, Readings):
                item = reply.readings[0].item
                return None if item is None else entry_of(item)

    async def decide(self, transaction: Transaction, reasons: Reasons) -> Entry | None:
        """Decide, unless it is decided: commit if there are no reasons, else cancel for them.

        The commit point.  Returns the entry with the decision that holds, be it this one or one
        that another coordinator was first with; None if the entry is gone.
        """
        state = State.CANCELLING if reasons else State.COMMITTING
        update = "SET #state = :state, Reasons = :reasons" if reasons else "SET #state = :state"
        values: dict[str, AttributeValue] = {
            ":state": CANCELLING if reasons else COMMITTING,
            ":preparing": PREPARING,
            ":id": ("S", transaction.id),
        }
        if reasons:
            values[":reasons"] = ("B", encode(reasons, Reasons))
        condition = "#state = :preparing AND #transaction = :id"
        written, found = await self._write(_update(transaction.entry, update, condition, values))
        if written:
            return Entry(transaction, state, reasons)
        if found is None or found.transaction.id != transaction.id:
            return None
        assert found.is_decided, "a decision was refused for no reason"
        return found

    async def complete(self, transaction: Transaction, *, committed: bool) -> None:
        """Note that every participant has carried out the decision: nothing is left to do."""
        values = {
            ":completed": COMPLETED,
            ":committing": COMMITTING,
            ":cancelling": CANCELLING,
            ":id": ("S", transaction.id),
        }
        # Of a commit nobody asks any more whose call it was: it is remembered for everybody.
        rest = "Request, Stamp, Call" if committed else "Request, Stamp"
        update = f"SET #state = :completed REMOVE {rest}"
        condition = "#state IN (:committing, :cancelling) AND #transaction = :id"
        await self._write(_update(transaction.entry, update, condition, values))

    async def purge(self, key: EntryKey, transaction: TransactionId) -> None:
        """Forget a completed transaction, and with it its token."""
        values = {":completed": COMPLETED, ":id": ("S", transaction)}
        condition = "#state = :completed AND #transaction = :id"
        await self._write(
            Delete(LEDGER_TABLE, entry_key(key), condition, NAMES, values, old_on_failure=True)
        )

    async def _write(
        self, action: Put | Update | Delete, until_us: int | None = None
    ) -> tuple[bool, Entry | None]:
        """Write until it is answered; say whether it was written, and else what was in the way.

        `(False, None)` says that nothing is in the way any more, or else, from `until_us` on, that
        time is up and nobody knows whether it was written.  Only `begin` sets itself a limit.

        Each write names the state that it expects, so asking anew is safe, also after the node
        came back or forgot us: had it been carried out, the state would not be the expected one.
        """
        pauses: Pauses | None = None
        while True:
            node = self._placement.owner(LEDGER_TABLE, action.key)
            incarnation = self._incarnations.get(node, 0)
            question = Write(action, "NONE", incarnation, "")
            reply = await self._peers.ask(node, question, self._patience)
            match reply:
                case Written():
                    return True, None
                case WriteRefused(error=error, item=item):
                    assert error == CONDITIONAL_CHECK_FAILED.name, reply.message
                    return False, None if item is None else entry_of(item)
                case Restarted(incarnation=incarnation):
                    self._incarnations[node] = incarnation
                case NotMine():
                    pauses = pauses or Pauses(self._host, self._placement)
                    await pauses.heed((reply,))
                case _:
                    pass  # Forgotten: ask anew.
            if until_us is not None and self._elapsed_us() >= until_us:
                return False, None


def may_begin_anew(found: Entry, call: str) -> bool:
    """Say whether a call may begin anew under a token that has this entry.

    Only where the last attempt was cancelled and has nothing left to do, and this very call was
    not refused before: a late attempt of a call that was told 'cancelled' must not happen after
    all.
    """
    return (
        found.state is State.COMPLETED
        and found.is_cancelled
        and not found.refusal_of(call)
        and len(found.refused) < REFUSED_CALLS_MAX
    )


# Entries as items ---------------------------------------------------------------------------------

NAMES = {"#state": "State", "#transaction": "Transaction"}


def entry_key(key: EntryKey) -> Key:
    return (("S", key),)


def entry_of(item: Item) -> Entry:
    """Read an entry from its item."""
    actions = decode(item["Request"][1], Actions) if "Request" in item else ()
    transaction = Transaction(
        TransactionId(item["Transaction"][1]),
        EntryKey(item["Entry"][1]),
        timestamp_of(item),
        item["Call"][1] if "Call" in item else "",
        item["Fingerprint"][1],
        actions,
    )
    reasons = decode(item["Reasons"][1], Reasons) if "Reasons" in item else ()
    refused = decode(item["Refused"][1], Refused) if "Refused" in item else ()
    return Entry(transaction, State(item["State"][1]), reasons, refused)


def timestamp_of(item: Item) -> Timestamp:
    """Return the transaction's timestamp; `NEVER` once it is completed, when nobody needs it."""
    return Timestamp.of(item["Stamp"][1]) if "Stamp" in item else NEVER


def item_of(entry: Entry) -> dict[str, AttributeValue]:
    """Write an entry as an item, readable enough to be looked at with a Scan."""
    transaction = entry.transaction
    item: dict[str, AttributeValue] = {
        "Entry": ("S", transaction.entry),
        "State": ("S", str(entry.state)),
        "Transaction": ("S", transaction.id),
        "Stamp": ("S", str(transaction.timestamp)),
        "Call": ("S", transaction.call),
        "Fingerprint": ("B", transaction.fingerprint),
        "Request": ("B", encode(transaction.actions, Actions)),
    }
    if entry.refused:
        item["Refused"] = ("B", encode(entry.refused, Refused))
    return item


def _entering(entry: Entry, expected: Entry | None) -> Put:
    key = entry_key(entry.transaction.entry)
    values: dict[str, AttributeValue] = {}
    condition = "attribute_not_exists(#transaction)"
    if expected is not None:
        # Only over the very entry that was read: a call that was refused since must stay in it.
        unchanged, values = _refused_as_in(expected)
        condition = f"#state = :completed AND {unchanged}"
        values[":completed"] = COMPLETED
    return Put(LEDGER_TABLE, key, item_of(entry), condition, NAMES, values, old_on_failure=True)


def _refused_as_in(entry: Entry) -> tuple[str, dict[str, AttributeValue]]:
    """Make the condition that nobody was refused beside this transaction since it was read."""
    values: dict[str, AttributeValue] = {":id": ("S", entry.transaction.id)}
    if not entry.refused:
        return "#transaction = :id AND attribute_not_exists(Refused)", values
    values[":before"] = ("B", encode(entry.refused, Refused))
    return "#transaction = :id AND Refused = :before", values


def _update(
    key: EntryKey, update: str, condition: str, values: dict[str, AttributeValue]
) -> Update:
    return Update(
        LEDGER_TABLE,
        entry_key(key),
        ("Entry",),
        update,
        condition,
        NAMES,
        values,
        old_on_failure=True,
    )
