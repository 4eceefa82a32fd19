"""Partitions and ledger nodes: what one step makes of one situation, worked out once.

A situation is all that a node remembers, in memory and on its disk.  Each step is the machine's
own, on a copy; what it changes is durable at once, because what comes between a change and its
being durable is a reply that nobody has heard yet, and the loss of both is a question that arrives
later.
"""

from collections.abc import Hashable, Iterable
from typing import Any

from coordinator.ledger import State, entry_of
from items.data import data
from items.keys import KeyAttribute, KeySchema
from items.values import Item
from network.ids import NEVER, EntryKey, TransactionId
from network.messages import Envelope, Message, RecordKey, Stalled, Write
from network.placement import LEDGER_TABLE
from partition.machine import Machine
from partition.now import Now
from partition.options import PartitionOptions
from partition.record import TableState
from partition.storage import Changes, Contents
from sim.bugs import said_of
from sim.internal_tables import HOME_TABLES, INTERNAL_TABLES
from sim.search.explore.frozen import frozen, twin
from sim.search.explore.notes import Notes
from sim.search.explore.world import ITEMS, World
from sim.witness import Applied, Decision, Landed, Promised, ReadAt, Refused, Said, Witness

LONG_US = 1 << 40  # Whatever is ongoing has been so for too long, if it is asked so late.
# Of a machine's memory what never changes in these worlds: no range moves, no table has an index.
ALWAYS = frozenset({"_steps", "_steps_as_configured", "_options", "_range", "holding", "entries"})
KINDS = (Decision, Applied, Promised, Landed, Refused, ReadAt, Said)


@data
class Unfinished:
    """A transaction that the ledger has not as COMPLETED."""

    transaction: TransactionId
    entry: EntryKey
    state: str


class Storage:
    """One situation of one node."""

    def __init__(self, node: str, machine: Machine, contents: Contents) -> None:
        self.node, self.machine, self.contents = node, machine, contents
        self.incarnation = machine.incarnation
        records = [*contents.records.items()]
        entries = [
            entry_of(record.item)
            for (table, _), record in records
            if table == LEDGER_TABLE and record.item is not None
        ]
        self.unfinished = tuple(
            Unfinished(one.transaction.id, one.transaction.entry, str(one.state))
            for one in entries
            if one.state is not State.COMPLETED
        )
        self.ongoing = tuple(
            record.ongoing.transaction for _, record in records if record.ongoing is not None
        )
        self.items: tuple[tuple[RecordKey, Item], ...] = tuple(
            (key, record.item)
            for key, record in records
            if record.item is not None and key[0] == ITEMS
        )
        self.remembered = frozenset(answers_of(machine))


def answers_of(machine: Machine) -> Any:
    """Return the answers to writes that a machine remembers, by who asked and by number.

    It is asked for nowhere else, and shows them to nobody.
    """
    return vars(vars(machine)["_once"])["_answers"]


def _is_copy(before: Storage, envelope: Envelope) -> bool:
    return envelope.number in answers_of(before.machine).get(envelope.source, ())


@data
class Stepped:
    """What came of a step."""

    storage: int  # The situation afterwards.
    reply: Message | None
    heard: int  # The reply's number: equal ones have the same.
    notes: tuple[int, ...]
    readings: tuple[int, ...]  # Notes that count if the reply is heard.
    wrongs: tuple[tuple[str, str], ...]  # What no partition may do or say: kind, and in words.


class Storages:
    """All situations of all nodes by number, and the steps between them."""

    def __init__(self, world: World, notes: Notes) -> None:
        self._world, self._notes = world, notes
        self.all: list[Storage] = []
        self._numbers: dict[Hashable, int] = {}
        self._taken: dict[tuple[int, Hashable, bool], Stepped] = {}
        self._replies: dict[Hashable, int] = {}
        self._restarted: dict[int, int] = {}
        self._stalled: dict[int, tuple[tuple[int, Stalled], ...]] = {}

    def born(self, node: str) -> int:
        """Return the situation of a node that has just been started for the first time."""
        contents = Contents()
        schema = KeySchema(KeyAttribute("key", "S"), None)
        tables: Iterable[TableState] = (TableState(ITEMS, schema),)
        if node == self._world.ledger:
            tables = (*INTERNAL_TABLES, *HOME_TABLES)
        contents.take(Changes("born", NEVER, (), tuple(tables), 0))
        return self._started(node, contents)

    def _started(self, node: str, contents: Contents) -> int:
        owned = self._world.placement().range_of(node)
        machine = Machine(node, owned, contents.load(), PartitionOptions(), 0)
        return self._number(Storage(node, machine, contents))

    def _number(self, storage: Storage) -> int:
        memory = {name: one for name, one in vars(storage.machine).items() if name not in ALWAYS}
        memory["_since"] = sorted(memory["_since"])  # How long is no matter: time stands still.
        key = storage.node, frozen(memory), frozen(storage.contents)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.all)
            self.all.append(storage)
        return number

    # Steps -----------------------------------------------------------------------------------

    def take(
        self, storage: int, frame: Hashable, envelope: Envelope, *, forgets: bool, clock_us: int
    ) -> Stepped:
        """Let a node take one message; `frame` is the message's number.

        With `forgets` the node need not remember its answer, because no copy of the message is
        left: else situations would differ in what can matter no more.
        """
        known = self._taken.get((storage, frame, forgets))
        if known is None:
            try:
                known = self._step(self.all[storage], envelope, forgets, clock_us)
            except Exception as error:  # noqa: BLE001  # A node's bug: that is a finding.
                known = Stepped(storage, None, 0, (), (), (("failed", said_of(error)),))
            self._taken[storage, frame, forgets] = known
        return known

    def _step(self, before: Storage, envelope: Envelope, forgets: bool, clock_us: int) -> Stepped:
        machine, contents = twin(before.machine), before.contents.copy()
        output = machine.step(envelope, Now(clock_us, 0))
        witness = self._witness(before)
        # What is answered from memory was judged when it happened; the item is another one now.
        if output.changes is not None or not _is_copy(before, envelope):
            witness.stepped(machine, envelope, output)
        if output.changes is not None:
            contents.take(output.changes)
            witness.durable(before.node, 0, output.changes)
        if forgets and isinstance(envelope.message, Write):
            answers = answers_of(machine)
            answers.get(envelope.source, {}).pop(envelope.number, None)
            if not answers.get(envelope.source, True):
                del answers[envelope.source]
        if before.node == self._world.ledger:
            # Nobody who is walked looks at the LSNs of entries: a recovery manager would, to know
            # how long they have stood, and time stands still.  Counted, they would tell apart what
            # two transactions did at the ledger in one order and in the other.
            vars(machine)["_lsn"] = contents.lsn = 0
        noted = [one for kind in KINDS for one in witness.all(kind)]
        return Stepped(
            self._number(Storage(before.node, machine, contents)),
            output.reply,
            self._replies.setdefault(frozen(output.reply), len(self._replies)),
            tuple(self._notes.note(one) for one in noted if not isinstance(one, ReadAt)),
            tuple(self._notes.note(one) for one in noted if isinstance(one, ReadAt)),
            wrongs_of(witness),
        )

    def _witness(self, before: Storage) -> Witness:
        """Set up a witness that knows what was on this node's disk before."""
        witness = Witness()
        witness.enter(Calm())
        contents = before.contents
        there = tuple(contents.records.items())
        tables = tuple(contents.tables.values())
        witness.disks.take(before.node, Changes("", NEVER, there, tables, contents.lsn))
        witness.disks.wrongs.clear()
        return witness

    def restarted(self, storage: int) -> int:
        """Return the situation of a node that has crashed and come back: its disk is as it was."""
        known = self._restarted.get(storage)
        if known is None:
            before = self.all[storage]
            known = self._started(before.node, before.contents.copy())
            self._restarted[storage] = known
        return known

    def stalled(self, storage: int) -> tuple[tuple[int, Stalled], ...]:
        """Let a partition look for what has been ongoing for too long, and tell of each."""
        known = self._stalled.get(storage)
        if known is None:
            before = self.all[storage]
            machine = twin(before.machine)
            told = machine.stalled(LONG_US)
            after = self._number(Storage(before.node, machine, before.contents.copy()))
            known = self._stalled[storage] = tuple((after, one) for one in told)
        return known


class Calm:
    """A cluster as the witness sees it: it asks only for what it notes besides."""

    def note(self, event: str) -> None:
        """Count nothing."""

    def is_incarnation_up(self, name: str, incarnation: int) -> bool:  # noqa: ARG002
        return False

    def elapsed_us(self) -> int:
        """Return when it is: time stands still."""
        return 0

    def serving(self) -> tuple[str, ...]:
        """Return nobody: no table is made or changed here."""
        return ()


def wrongs_of(witness: Witness) -> tuple[tuple[str, str], ...]:
    """Tell what was wrong with a step by itself."""
    wrongs = [(one.kind, one.text) for one in witness.disks.wrongs]
    wrongs += [("reason untrue", f"{who}: {why}") for who, why in witness.lies]
    return tuple(wrongs)
