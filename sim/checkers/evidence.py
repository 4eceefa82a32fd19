"""What there is to judge a run by: what clients saw, and what the witness saw inside.

Each piece can be found by the other's name for it, and what several checks need - requests read as
actions, the versions of each item - is worked out once.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from coordinator.options import CoordinatorOptions
from items.errors import DynamoDBError
from items.values import Item
from network.messages import RecordKey
from sim.checkers.disks import Change, lsn_of
from sim.checkers.entries import Entries
from sim.checkers.model import UNFIT, Json, Model, Place, Step
from sim.followed import Followed
from sim.history import BATCH_READ, READ_TRANSACTION, WRITE_TRANSACTION, History, Operation
from sim.witness import Applied, Decision, Landed, Promised, ReadAt, Refused, Said, Witness

SINGLETON_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
LATE_READS = ("GetItem", BATCH_READ, "Query", "Scan")
NEVER_US = 1 << 62  # When an operation was over whose outcome its client never learned.


class Version(NamedTuple):
    """One version of an item, and who left it."""

    lsn: int
    before: int  # The LSN of the version that its writer found, as `shown_lsn` has it.
    is_item: bool  # Or the item went.
    writer: str  # A transaction's id, or a singleton's attempt.


class Evidence:
    """What the history and the witness say of one run."""

    def __init__(
        self,
        history: History,
        witness: Witness,
        tables: Iterable[Json],
        votes_deadline_us: int = CoordinatorOptions().votes_deadline_us,
        token_valid_us: int = CoordinatorOptions().token_valid_us,
    ) -> None:
        """Gather it.

        A coordinator waits for votes as long as `votes_deadline_us` says, and the ledger keeps a
        finished entry for `token_valid_us` at least.
        """
        self.tables = tuple(tables)
        self.table_names = witness.table_names
        self.votes_deadline_us, self.token_valid_us = votes_deadline_us, token_valid_us
        self.requests = Model(self.tables)
        self.calls = list(history)
        entries = Entries(self.calls, self.requests, self.place)
        self.operations = entries.operations
        # The entry of a decided transaction may be written again, say for a call refused beside it.
        decided: dict[tuple[str, bool], Decision] = {}
        for decision in witness.all(Decision):
            decided.setdefault((decision.transaction, decision.commits), decision)
        self.decisions = list(decided.values())
        self.applied: list[Applied] = [
            entries.named(one, *(key for key, _, _ in one.changes)) for one in witness.all(Applied)
        ]
        self.landed: list[Landed] = witness.all(Landed)
        self.promised: list[Promised] = witness.all(Promised)
        self.said: list[Said] = witness.all(Said)
        # Judged once; a copy is answered from memory, when the item may be another already.
        judged: dict[str, Refused] = {}
        for one in witness.all(Refused):
            refused = entries.named(one, one.key)
            judged.setdefault(refused.request, refused)
        self.refused = list(judged.values())
        self.reads: dict[str, list[ReadAt]] = defaultdict(list)
        for read in witness.all(ReadAt):
            self._take_read(entries, read)
        self.followed = witness.followed
        self.late: set[str] = set()  # Attempts, and batches' entries, that a follower answered.
        self.lies, self.wrongs = witness.lies, witness.disks.wrongs
        self.by_call = {
            (operation.request["ClientRequestToken"], operation.call): operation
            for operation in self.operations
            if operation.name == WRITE_TRANSACTION
        }
        self.by_attempt = {
            attempt: operation for operation in self.operations for attempt in operation.attempts
        }
        if witness.followed is not None:
            self._take_followers(entries, witness.followed)
        # By place; a test may have put another operation there.
        self._steps: dict[int, tuple[Operation, list[Step]]] = {}
        self._items: dict[RecordKey, list[Item | None]] = {}
        self._gets: dict[int, tuple[Operation, list[tuple[Place, Json]]]] = {}

    def _take_read(self, entries: Entries, read: ReadAt) -> None:
        for one in entries.of_read(read):
            self.reads[one.request.partition("/")[0]].append(one)

    def _take_followers(self, entries: Entries, followed: Followed) -> None:
        """Take the answers of followers: those that may be late are judged by themselves.

        The others are answers like any other.
        """
        for answer in followed.answers:
            reader = self.by_attempt.get(answer.request)
            tables = {self.place(key)[0] for key, _ in answer.items}
            if reader is not None and may_be_late(reader, tables):
                self.late.add(answer.request)
                self.late.update([entries.name(answer.request, key) for key, _ in answer.items])
            else:
                keys, lsns = zip(*answer.items, strict=True) if answer.items else ((), ())
                ongoing = (None,) * len(keys)
                read = ReadAt(answer.number, answer.request, 0, ongoing, lsns, keys)
                self._take_read(entries, read)

    @cached_property
    def under_token(self) -> dict[str, list[Operation]]:
        """Give the write transactions that were asked for under each token, as they ended."""
        found: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            if operation.name == WRITE_TRANSACTION:
                found[operation.request["ClientRequestToken"]].append(operation)
        return found

    @cached_property
    def _told_by_others(self) -> dict[str, Operation]:
        """Find the calls of whose commit another call under their token was told first."""
        commits = Counter(one.token for one in self.decisions if one.commits)
        found = {}
        for decision in self.decisions:
            mine = self.of(decision)
            if decision.commits and mine is not None and commits[decision.token] == 1:
                calls = self.under_token[decision.token]
                told = next((one for one in calls if one.outcome == "committed"), mine)
                if told.call != mine.call:
                    found[mine.call] = told
        return found

    def over_us(self, operation: Operation) -> int:
        """Say until when an operation may have happened: for ever, if nobody knows whether it did.

        Whoever is told 'committed' under the same token knows it as well.
        """
        return returned_us(self._told_by_others.get(operation.call, operation))

    def over(self, operation: Operation) -> str:
        """Say when an operation was over, for an explanation."""
        other = self._told_by_others.get(operation.call)
        if other is None:
            return f"had its answer at {operation.returned_us} µs"
        return f"was known to {other.call}, under the same token, at {other.returned_us} µs"

    def is_late(self, operation: Operation) -> bool:
        """Say whether a follower may have answered, who shows what was, not what is."""
        return not self.late.isdisjoint(operation.attempts)

    def is_read(self, operation: Operation) -> bool:
        """Say whether an operation is a read that was answered, by who owns its items."""
        return is_read(operation) and not self.is_late(operation)

    def of(self, decision: Decision) -> Operation | None:
        return self.by_call.get((decision.token, decision.call))

    def fits(self, operation: Operation) -> bool:
        """Say whether an operation on single items names tables that there are, and keys of them.

        Otherwise it is refused by routers alone.
        """
        try:
            if operation.name in ("GetItem", READ_TRANSACTION):
                self.gets(operation)
            else:
                self.steps(operation)
        except UNFIT:
            return False
        return True

    def steps(self, operation: Operation) -> list[Step]:
        """Return the actions of a write transaction, or a singleton's one."""
        known = self._steps.get(operation.place)
        if known is not None and known[0] is operation:
            return known[1]
        if operation.name == WRITE_TRANSACTION:
            steps = self.requests.steps(operation.request)
        else:
            steps = [self.requests.step(operation.name, operation.request)]
        self._steps[operation.place] = operation, steps
        return steps

    def gets(self, operation: Operation) -> list[tuple[Place, Json]]:
        """Return the items that a GetItem or a read transaction asks for."""
        known = self._gets.get(operation.place)
        if known is not None and known[0] is operation:
            return known[1]
        gets = self.requests.gets(operation.request)
        self._gets[operation.place] = operation, gets
        return gets

    def place(self, key: RecordKey) -> Place:
        return self.table_names.get(key[0], key[0]), key[1]

    @cached_property
    def seen(self) -> list[tuple[Operation, dict[RecordKey, list[int | None]]]]:
        """Give the reads that were answered, with the versions of each item that they may show."""
        return [(one, self.seen_by(one)) for one in self.operations if self.is_read(one)]

    def seen_by(self, operation: Operation) -> dict[RecordKey, list[int | None]]:
        """Give the versions of each item that one read may show."""
        reads = [read for one in operation.attempts for read in self.reads.get(one, ())]
        return places_seen(reads, self.versions)

    @cached_property
    def committed(self) -> dict[str, Decision]:
        """Find the decisions to commit, by transaction."""
        return {one.transaction: one for one in self.decisions if one.commits}

    @cached_property
    def writers(self) -> dict[str, Operation]:
        """Find operations by what the versions of items call their writers."""
        found = {
            decision.transaction: operation
            for decision in self.decisions
            if (operation := self.of(decision)) is not None
        }
        return {**found, **self.by_attempt}

    def changes(self) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """Give what each writer did to items, named as the versions of items name it."""
        yield from ((one.request, one.changes) for one in self.applied)
        yield from ((one.transaction, one.changes) for one in self.landed)

    @cached_property
    def versions(self) -> dict[RecordKey, list[Version]]:
        """Give the versions of each item in the order of their LSNs, without the missing first."""
        found: dict[RecordKey, list[Version]] = defaultdict(list)
        for writer, changes in self.changes():
            for key, before, after in changes:
                if after is not None:
                    found[key].append(Version(lsn_of(after), before, after >= 0, writer))
        for versions in found.values():
            versions.sort()
        return found

    def items(self, key: RecordKey) -> list[Item | None]:
        """Give what each version of an item is, writer after writer, from the missing first."""
        known = self._items.get(key)
        if known is not None:
            return known
        model, place = Model(self.tables), self.place(key)
        items = self._items[key] = [None]
        for version in self.versions.get(key, []):
            writer = self.writers.get(version.writer)
            for step in self.steps(writer) if writer is not None else ():
                if step.place == place:
                    # Of what a partition cannot have done, the rules' own checks tell.
                    with suppress(DynamoDBError):  # So here it leaves the item as it was.
                        model.keep(place, model.carried_out(step))
            items.append(model.items.get(place))
        return items


def place_of(versions: list[Version], shown: int) -> int | None:
    """Count the versions of an item up to the one that a reader was shown, by its LSN.

    A missing item shows the LSN of the last delete in its table.  None: there is no such version.
    """
    lsn = lsn_of(shown)
    count = bisect_right(versions, lsn, key=lambda version: version.lsn)
    if shown >= 0:
        is_there = count > 0 and versions[count - 1].lsn == lsn and versions[count - 1].is_item
        return count if is_there else None
    return count if count == 0 or not versions[count - 1].is_item else None


def places_seen(
    reads: Iterable[ReadAt], versions: Mapping[RecordKey, list[Version]]
) -> dict[RecordKey, list[int | None]]:
    """Count, for each item that was read, the versions up to those that were shown."""
    found: dict[RecordKey, list[int | None]] = defaultdict(list)
    for read in reads:
        for key, shown in zip(read.keys, read.lsns, strict=True):
            found[key].append(place_of(versions.get(key, []), shown))
    return found


def returned_us(operation: Operation) -> int:
    """Say until when an operation may have happened: for ever, if nobody knows whether it did."""
    return NEVER_US if operation.is_unknown else operation.returned_us


def may_be_late(operation: Operation, tables: Collection[str] = ()) -> bool:
    """Say whether an operation is content with what was current once (§2.2).

    Of a batch, that is said of each table: of these ones, or of all.
    """
    if operation.name == BATCH_READ:
        asked = operation.request["RequestItems"]
        return not any(
            one.get("ConsistentRead") for name, one in asked.items() if not tables or name in tables
        )
    return operation.name in LATE_READS and not operation.request.get("ConsistentRead")


def is_read(operation: Operation) -> bool:
    """Say whether an operation is a read that was answered."""
    return operation.name in ("GetItem", READ_TRANSACTION) and operation.outcome == "committed"


def named(operation: Operation) -> str:
    return f"{operation.client}'s {operation.name} ({operation.call})"
