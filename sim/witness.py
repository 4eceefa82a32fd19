"""The witness: sees inside the nodes, and keeps what the white-box checks need.

It numbers the moments of a run and notes, packed: when each transaction was decided, when each
singleton was applied or refused, what each reader found ongoing.  What is durable it takes from the
disks; a step whose changes a crash has lost never happened.  What a rejection says is judged on the
spot, on the record that it speaks of, because later the record is another one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from coordinator.ledger import State, timestamp_of
from items.actions import Action, Update, allowed_on, applied_to
from items.errors import DynamoDBError, Reason
from items.values import Item
from network.codec import pack, unpack
from network.ids import incarnation_of
from network.messages import (
    Cancel,
    Commit,
    Done,
    Envelope,
    Prepare,
    Read,
    Reading,
    Readings,
    RecordKey,
    Reject,
    Vote,
    Votes,
    Write,
    WriteRefused,
)
from network.placement import LEDGER_TABLE, TABLES_TABLE
from partition.machine import Machine, Output
from partition.record import Record
from partition.storage import Changes
from router.definitions import Table, table_of
from sim.books import Books
from sim.checkers.disks import Change, Disks, shown_lsn
from sim.checkers.stream_appends import StreamAppends
from sim.followed import Followed
from sim.index_refusals import refused_by_index
from sim.indexes_seen import IndexesSeen, indexes_asked
from sim.packed import Packed
from sim.tables_seen import LIES_MAX, TablesSeen

# What takes a look at the item to say.
OF_ITEM = ("ConditionalCheckFailed", "ValidationError", "ItemCollectionSizeLimitExceeded")


class Decision(NamedTuple):
    """A transaction was decided, in the ledger."""

    number: int
    transaction: str
    token: str
    call: str
    us: int  # Its timestamp: µs …
    node: str  # … and coordinator.
    commits: bool
    at_us: int = 0  # When it was durable, since the run began.


class Applied(NamedTuple):
    """A singleton write was applied."""

    number: int
    request: str
    us: int  # Its timestamp: µs …
    node: str  # … and partition.
    changes: tuple[Change, ...] = ()  # One, of its item.


class Promised(NamedTuple):
    """A partition promised all its actions of a transaction."""

    transaction: str
    keys: tuple[RecordKey, ...]


class Landed(NamedTuple):
    """A partition applied its part of a transaction."""

    number: int
    transaction: str
    node: str  # The partition.
    changes: tuple[Change, ...]


class Refused(NamedTuple):
    """A singleton write was refused."""

    number: int
    request: str
    error: str
    key: RecordKey = ("", ())  # A batch has several under one request.
    of_index: bool = False  # What the table's indexes had against it.


class ReadAt(NamedTuple):
    """Items were read."""

    number: int
    request: str
    round: int
    ongoing: tuple[str | None, ...]  # Which transaction was ongoing on each item.
    lsns: tuple[int, ...] = ()  # Each item's, as `shown_lsn` has it.
    keys: tuple[RecordKey, ...] = ()


class Said(NamedTuple):
    """A partition's votes on its actions of a transaction, one of them a rejection at least."""

    transaction: str
    votes: tuple[tuple[RecordKey, str, Item | None], ...]  # Code, and the item shown.


class Inside(Protocol):
    """What the witness asks of the cluster."""

    def note(self, event: str) -> None: ...

    def is_incarnation_up(self, name: str, incarnation: int) -> bool: ...

    def elapsed_us(self) -> int: ...

    def serving(self) -> Iterable[str]: ...


class Witness:
    """The evidence of one run."""

    def __init__(self) -> None:
        self.table_names: dict[str, str] = {}  # By id: a name may be used again.
        self.lies: list[tuple[str, str]] = []  # Rejections that were not true: transaction, why.
        self.disks = Disks()
        self.streams: StreamAppends | None = None  # Where tables have streams.
        self.followed: Followed | None = None  # What followers showed, where there are any.
        self.books = Books()  # Of tables that are held to their units.
        self.tables = TablesSeen()  # What they are to be, and who was told.
        self.indexes: IndexesSeen | None = None  # Of tables that have indexes.
        # Singletons that were rightly refused for a conflict.
        self._in_conflict: set[tuple[str, RecordKey]] = set()
        # … because their partition took no new work.
        self._in_throttling: set[tuple[str, RecordKey]] = set()
        self._inside: Inside | None = None
        self._number = 0
        self._packed = {
            kind: Packed() for kind in (Decision, Applied, Promised, Landed, Refused, ReadAt, Said)
        }
        self._steps: dict[type, Callable[[Machine, Envelope, Any, Output], None]] = {
            Read: self._read,
            Write: self._write,
            Prepare: self._prepare,
            Commit: self._commit,
            Cancel: self._cancel,
        }

    def enter(self, inside: Inside) -> None:
        self._inside = inside

    def index(self, tables: Iterable[Mapping[str, Any]]) -> None:
        """Look at the indexes of these tables, as CreateTable requests; most have none."""
        asked = [index for table in tables for index in indexes_asked(table)]
        self.indexes = IndexesSeen(asked, self.table_names) if asked else None

    def number(self) -> int:
        """Give this moment the next number."""
        self._number += 1
        return self._number

    def all(self, kind: type[Any]) -> list[Any]:
        """Return all notes of one kind, in the order in which they were made."""
        return [kind(*unpack(packed)) for packed in self._packed[kind]]

    def _keep(self, note: Any) -> None:
        self._packed[type(note)].add(pack(note))

    def _note(self, event: str) -> None:
        assert self._inside is not None, "a witness is inside a cluster"
        self._inside.note(event)

    def _lie(self, whose: str, lie: str) -> None:
        if len(self.lies) < LIES_MAX:
            self.lies.append((whose, lie))

    # What the disks say ----------------------------------------------------------------------

    def durable(self, node: str, number: int, changes: Changes) -> None:
        """Take what has become durable; `number` is of the moment when it was changed."""
        cause, changes = changes.cause, self._of_tables(node, changes)
        if cause.startswith("k"):  # A client's attempt.
            _, applied = self.disks.take(node, changes)
            self._keep(Applied(number, cause, changes.timestamp.us, node, applied))
        elif cause:  # A transaction.
            promised, applied = self.disks.take(node, changes)
            if promised:
                self._keep(Promised(cause, promised))
            if applied:
                self._keep(Landed(number, cause, node, applied))
        elif node.startswith("l") and changes.holding is None:
            self._internal(number, changes)
        else:
            self.disks.adopt(node, changes)

    def _of_tables(self, node: str, changes: Changes) -> Changes:
        """Take what is of tables, their streams and indexes; return what is of their items."""
        if changes.tables:
            self.tables.told(node, changes.tables)
        elif changes.cause and self.tables.has_unheard(node, changes):
            self._note("update.unheard")
        assert self._inside is not None, "a witness is inside a cluster"
        elapsed_us = self._inside.elapsed_us()
        if self.streams is not None:
            for event in self.streams.take(node, changes, elapsed_us):
                self._note(event)
        if self.indexes is None:
            return changes
        return self.indexes.durable(node, changes, elapsed_us)

    def _internal(self, number: int, changes: Changes) -> None:
        for (table, _), record in changes.records:
            if record is not None and record.item is not None:
                if table == LEDGER_TABLE:
                    self._ledger(number, record.item)
                elif table == TABLES_TABLE:
                    self._defined(table_of(record.item))

    def _defined(self, table: Table) -> None:
        """Take the definition of a table, as it is durable now."""
        assert self._inside is not None, "a witness is inside a cluster"
        self.table_names[table.id] = table.name
        is_new = self.tables.defined(table, self._inside.serving())
        if self.streams is not None and is_new:
            self.streams.made(table)
        if self.indexes is not None:
            self.indexes.defined(table)

    def _ledger(self, number: int, item: Any) -> None:
        state = item["State"][1]
        if state in (State.COMMITTING, State.CANCELLING):
            transaction, token = item["Transaction"][1], item["Entry"][1]
            call = item["Call"][1] if "Call" in item else ""
            us, node = timestamp_of(item)
            commits = state == State.COMMITTING
            assert self._inside is not None, "a witness is inside a cluster"
            at_us = self._inside.elapsed_us()
            self._keep(Decision(number, transaction, token, call, us, node, commits, at_us))

    # What the partitions do ------------------------------------------------------------------

    def stepped(self, machine: Machine, envelope: Envelope, output: Output) -> None:
        """Look at one step of a partition or a ledger node."""
        if machine.meters is not None:
            assert self._inside is not None, "a witness is inside a cluster"
            if self.books.stepped(machine, envelope, output, self._inside.elapsed_us()):
                self._note("capacity.throttled")
        if self.indexes is not None:
            event = self.indexes.stepped(machine, envelope, output)
            if event:
                self._note(event)
        step = self._steps.get(type(envelope.message))
        if step is not None:
            step(machine, envelope, envelope.message, output)

    def _read(self, _: Machine, __: Envelope, message: Read, output: Output) -> None:
        if message.request and isinstance(output.reply, Readings):
            readings: tuple[Reading, ...] = output.reply.readings
            ongoing = tuple([reading.ongoing for reading in readings])
            lsns = tuple([shown_lsn(reading.item, reading.lsn) for reading in readings])
            keys = message.keys
            self._keep(ReadAt(self.number(), message.request, message.round, ongoing, lsns, keys))

    def _write(self, machine: Machine, envelope: Envelope, message: Write, output: Output) -> None:
        refused = isinstance(output.reply, WriteRefused)
        if isinstance(output.reply, WriteRefused) and message.request:
            key, error = (message.action.table, message.action.key), output.reply.error
            item = machine.record(*key).item
            of_index = refused_by_index(machine, message.action, item) is not None
            self._keep(Refused(self.number(), message.request, error, key, of_index))
            if error == "TransactionConflictException":
                self._note("singleton.conflicted")
                self._conflicted(machine, message.request, key)
            elif error == "ProvisionedThroughputExceededException":
                self._throttled(machine, message.request, key, of_index=of_index)
        if message.action.table == LEDGER_TABLE and not refused:
            self._decided(envelope, message.action)

    def _conflicted(self, machine: Machine, request: str, key: RecordKey) -> None:
        """Judge a conflict where it was met; a copy is answered from memory, perhaps later."""
        if machine.record(*key).ongoing is not None:
            self._in_conflict.add((request, key))
        elif (request, key) not in self._in_conflict:
            self._lie(request, "nothing was ongoing on its item")

    def _throttled(self, machine: Machine, request: str, key: RecordKey, *, of_index: bool) -> None:
        """Judge a refusal of new work where it was made; a copy is answered from memory."""
        if machine.throttled or self.books.is_spent(key[0]) or of_index:
            self._in_throttling.add((request, key))
        elif (request, key) not in self._in_throttling:
            self._lie(request, "its partition took new work")

    def _decided(self, envelope: Envelope, action: Action) -> None:
        """Note who decided, if this was a decision."""
        if not isinstance(action, Update) or ":preparing" not in action.values:
            return
        commits = action.values[":state"][1] == State.COMMITTING
        end = "committed" if commits else "cancelled"
        self._note(f"transaction.{end}")
        if origin_of(action.values[":id"][1]) != _sender(envelope):
            self._note(f"recovery.{end}")

    def _prepare(
        self, machine: Machine, envelope: Envelope, message: Prepare, output: Output
    ) -> None:
        if not isinstance(output.reply, Votes):
            return
        assert self._inside is not None, "a witness is inside a cluster"
        origin = origin_of(message.transaction)
        if origin != _sender(envelope) and self._inside.is_incarnation_up(*origin):
            self._note("coordinators.met")
        votes = output.reply.votes
        rejects = [vote for vote in votes if isinstance(vote, Reject)]
        if rejects:
            if output.changes is not None:
                self.disks.rejected(machine.name, message.transaction, output.changes)
            self._rejecting(machine, message, votes)
        elif output.changes is None:
            self._note("vote.repeated")

    def _rejecting(self, machine: Machine, message: Prepare, votes: tuple[Vote, ...]) -> None:
        said: list[tuple[RecordKey, str, Item | None]] = []
        for action, vote in zip(message.actions, votes, strict=True):
            key = action.table, action.key
            if isinstance(vote, Reject):
                self._rejected(machine, message, action, vote)
                said.append((key, vote.reason.code, vote.reason.item))
            else:
                said.append((key, "None", None))
        self._keep(Said(message.transaction, tuple(said)))

    def _rejected(self, machine: Machine, message: Prepare, action: Action, vote: Reject) -> None:
        record = machine.record(action.table, action.key)
        of_index = refused_by_index(machine, action, record.item)
        if vote.reason.code == "ProvisionedThroughputExceeded":
            self._note("prepare.throttled")
            if known_in(machine, message):
                self._lie(message.transaction, "it was promised already: no new work")
            elif not (
                machine.throttled or self.books.is_spent(action.table) or is_throttling(of_index)
            ):
                self._lie(message.transaction, "its partition took new work")
            return
        if vote.in_the_way is not None:
            self._note("prepare.too_late")
        elif vote.reason.code == "TransactionConflict":
            self._note("prepare.conflicted")
        else:
            self._note("prepare.failed")
        lie = lie_in(message, action, vote.reason, record, of_index)
        if lie:
            self._lie(message.transaction, lie)

    def _commit(self, _: Machine, __: Envelope, ___: Commit, output: Output) -> None:
        if isinstance(output.reply, Done) and not any(output.reply.changed):
            self._note("commit.repeated")

    def _cancel(self, _: Machine, __: Envelope, ___: Cancel, output: Output) -> None:
        if isinstance(output.reply, Done) and not any(output.reply.changed):
            self._note("cancel.early")


def known_in(machine: Machine, message: Prepare) -> bool:
    """Say whether anything is promised to this transaction."""
    records = [machine.record(action.table, action.key) for action in message.actions]
    found = [record.ongoing for record in records if record.ongoing is not None]
    return any(ongoing.transaction == message.transaction for ongoing in found)


def is_throttling(reason: Reason | None) -> bool:
    return reason is not None and reason.code == "ProvisionedThroughputExceeded"


def lie_in(
    message: Prepare,
    action: Action,
    reason: Reason,
    record: Record,
    of_index: Reason | None = None,
) -> str:
    """Say what is not true about a rejection of this record; nothing if it is all true.

    `of_index` is what its table's indexes have against the action.

    What is ongoing is judged first, then the timestamp: before that the item is not looked at, for
    it may be another one when this transaction's turn comes.
    """
    ongoing = record.ongoing
    is_held = ongoing is not None and ongoing.transaction != message.transaction
    is_late = message.timestamp <= record.timestamp
    match reason.code:
        case "TransactionConflict":
            if is_held or is_late:
                return ""
            return "nothing was ongoing, and its timestamp was later"
        case code if code in OF_ITEM and is_held and ongoing is not None:
            return f"{reason.code} while {ongoing.transaction} was ongoing: that comes first"
        case code if code in OF_ITEM and is_late:
            return f"{reason.code} at a timestamp that was too late: that comes first"
        case "ConditionalCheckFailed":
            if allowed_on(action, record.item):
                return f"{action.condition} was true of {record.item}"
            shown = record.item if action.old_on_failure else None
            return "" if reason.item == shown else f"the item shown is not {shown}"
        case "ValidationError":
            try:
                applied_to(action, record.item)
                allowed_on(action, record.item)
            except DynamoDBError:
                return ""
            return "" if reason == of_index else "the action was possible"
        case "ItemCollectionSizeLimitExceeded":
            return "" if reason == of_index else "its item collection had room"
        case _:
            pass
    return f"no partition says {reason.code}"


def origin_of(transaction: str) -> tuple[str, int]:
    """Return the coordinator, and its incarnation, that minted a transaction's id."""
    incarnation, number = transaction.split("-")[:2]
    return f"c{int(number, 16)}", int(incarnation, 16)


def _sender(envelope: Envelope) -> tuple[str, int]:
    return envelope.source, incarnation_of(envelope.number)
