"""The books of provisioned tables: what each step of a partition may charge, worked out once more.

Beside every partition that holds a table to its units stands an account of ours.  It sees what is
asked and what is answered, and from that alone it knows what has to be charged, and what was there:
who was refused must have found nothing, and who was let through something.

What is there is known exactly as long as the partition's range stays what it is.  Where a range
comes or goes between two steps it is known to lie between two levels; then only what is wrong at
both of them is said to be wrong.
"""

from collections.abc import Iterator

from items.data import data
from items.units import HALVES
from network.messages import (
    Carry,
    Envelope,
    Message,
    OfRange,
    OpenTable,
    Read,
    Scan,
    SetTable,
    Split,
)
from partition.capacity import HALF_GRAINS, first_level, full_level, refilled
from partition.machine import Machine, Output
from partition.meters import Meters, hashes_of
from sim.charges import Charge, charges_of, payer_of, refused_tables
from sim.checkers.finding import Finding

WRONGS_MAX = 100  # The first ones say most.
OPENING = (OpenTable, SetTable, Carry)  # What can bring a bucket that was not there before.

Place = tuple[str, bool]  # A table's id, and whether it is its writes.
Price = tuple[str, str, bool]  # A request, the table that it reads, and whether it costs half.


@data
class Capacity:
    """What provisioned tables have come to in a run."""

    write_units: float
    read_units: float
    refused_writes: int
    refused_reads: int


class Account:
    """What is in one bucket, as far as one can know: between two levels."""

    def __init__(self, units: int, levels: tuple[int, int], burst_us: int) -> None:
        self.units, self._full = units, full_level(units, burst_us)
        self.low, self.high = (min(one, self._full) for one in sorted(levels))
        self.charged = 0  # By the partition's meter, as last seen.

    def wait(self, hashes: tuple[int, int], waited_us: int) -> None:
        """Put in what has come: the share of the range before, or that of the range now."""
        least, most = sorted(refilled(self.units, one, waited_us) for one in hashes)
        self.low = min(self._full, self.low + least)
        self.high = min(self._full, self.high + most)

    def may_have_waited(self, hashes: tuple[int, int], waited_us: int) -> None:
        """Allow for what has come, where nobody knows whether the bucket was there meanwhile."""
        most = max(refilled(self.units, one, waited_us) for one in hashes)
        self.high = min(self._full, self.high + most)

    def follow(self, before: "Account") -> None:
        """Go on from an account of other units."""
        self.low = min(self._full, max(self.low, before.low))
        self.high = min(self._full, max(self.high, before.high))
        self.charged = before.charged

    def take(self, halves: int) -> None:
        self.low -= halves * HALF_GRAINS
        self.high -= halves * HALF_GRAINS


class PartitionBooks:
    """The accounts of one incarnation of a partition."""

    def __init__(self, meters: Meters, hashes: int) -> None:
        self.accounts: dict[Place, Account] = {}
        self.answered: set[tuple[str, int]] = set()  # Writes: copies are answered for nothing.
        self._seen_us, self._hashes = meters.began_us, hashes
        self._is_first = True  # Whether no step has been seen yet.

    def wait(self, meters: Meters, message: Message, hashes: int, now_us: int) -> None:
        """Let time pass, and open or close accounts as tables come and go.

        `hashes` are how many the range had as the step under way found it.
        """
        both, waited_us = (self._hashes, hashes), now_us - self._seen_us
        for account in self.accounts.values():
            account.wait(both, waited_us)
        for place, units in provisioned(meters):
            before = self.accounts.get(place)
            if before is not None and before.units == units:
                continue
            levels = first_level(units, both[0]), first_level(units, both[1])
            if isinstance(message, OpenTable) and message.table == place[0]:
                full = full_level(units, meters.burst_us)
                levels = (min(levels), full) if self._is_first else (full, full)
            opened = Account(units, levels, meters.burst_us)
            if before is not None:
                opened.follow(before)
            elif not isinstance(message, OPENING):  # It is as old as this incarnation.
                opened.wait(both, waited_us)
            elif self._is_first:  # It may be, and this step has changed something else.
                opened.may_have_waited(both, waited_us)
            self.accounts[place] = opened
        there = dict(provisioned(meters))
        self.accounts = {place: one for place, one in self.accounts.items() if place in there}
        self._seen_us, self._is_first = now_us, False

    def keep(self, hashes: int) -> None:
        """Go on with the range that the step under way has left."""
        self._hashes = hashes


def hashes_before(machine: Machine, message: Message) -> int:
    """Count the hashes of a partition's range before a step, or more: a split takes some away."""
    leaving = machine.holding.leaving if isinstance(message, Split) else None
    return hashes_of(machine.holding.range) + (hashes_of(leaving.range) if leaving else 0)


def provisioned(meters: Meters) -> Iterator[tuple[Place, int]]:
    """Give all buckets of a partition: whose they are, and their units."""
    for table, meter in meters.all.items():
        for writes, bucket in ((False, meter.reads), (True, meter.writes)):
            if bucket is not None:
                yield (table, writes), bucket.units


def prices_of(message: Message) -> Iterator[Price]:
    """Give the price that a router says of what a client reads, by table."""
    if isinstance(message, Read) and message.request:
        for table in dict.fromkeys(table for table, _ in message.keys):
            yield message.request, table, message.costs_half
    elif isinstance(message, Scan) and message.request:
        yield message.request, payer_of(message.table), message.costs_half


class Books:
    """The accounts of all partitions of a run."""

    def __init__(self) -> None:
        self.wrongs: list[Finding] = []
        self.prices: set[Price] = set()
        self._of: dict[tuple[str, int], PartitionBooks] = {}
        self._spent: dict[Place, bool] = {}  # As the step under way found it, or may have.
        self._halves = {False: 0, True: 0}
        self._refused = {False: 0, True: 0}

    def totals(self) -> Capacity | None:
        """Say what it all comes to; None if no table was provisioned."""
        if not self._of:
            return None
        return Capacity(
            self._halves[True] / HALVES,
            self._halves[False] / HALVES,
            self._refused[True],
            self._refused[False],
        )

    def is_spent(self, table: str) -> bool:
        """Say whether the step under way may have found a table's writes spent."""
        return self._spent.get((table, True), False)

    def stepped(self, machine: Machine, envelope: Envelope, output: Output, now_us: int) -> bool:
        """Check one step of a partition that has meters; say whether it refused anything."""
        meters, message = machine.meters, envelope.message
        assert meters is not None, "only who has meters has books"
        message = message.question if isinstance(message, OfRange) else message
        owned, whose = machine.holding.range, (machine.name, machine.incarnation)
        books = self._of.get(whose)
        if books is None:
            # A range that a split has given or taken may have been another one until now, and
            # one that is leaving may have done so since this incarnation began, or only now.
            holding = machine.holding
            is_whole = holding.placement is None and holding.leaving is None
            first_hashes = hashes_of(holding.range) if is_whole else 0
            books = self._of[whose] = PartitionBooks(meters, first_hashes)
        books.wait(meters, message, hashes_before(machine, message), now_us)
        books.keep(hashes_of(owned))
        self._spent = {place: one.low <= 0 for place, one in books.accounts.items()}
        is_copy = (envelope.source, envelope.number) in books.answered
        is_ours = not machine.throttled and not is_copy
        refused = list(refused_tables(message, output.reply)) if is_ours else []
        for _, writes in refused:
            self._refused[writes] += 1
        if refused and not any(self._spent.get(place) for place in refused):
            self._wrong("refused for nothing", machine, refused[0], "there were units left")
        self.prices.update(prices_of(message))
        charges = list(charges_of(machine, envelope, message, output, books.answered))
        for place, account in books.accounts.items():
            self._settle(machine, place, account, [one for one in charges if one.place == place])
        return bool(refused)

    def _settle(
        self, machine: Machine, place: Place, account: Account, charges: list[Charge]
    ) -> None:
        """Take from an account what the partition's meter took, if that is what it should."""
        assert machine.meters is not None
        meter = machine.meters.all[place[0]]
        total = meter.write_halves if place[1] else meter.read_halves
        charged, account.charged = total - account.charged, total
        least = sum(one.halves for one in charges)
        is_exact = all(one.is_exact for one in charges)
        if charged != least and (is_exact or charged < least):
            told = f"{charged / HALVES:g} units were charged, and {least / HALVES:g} were used"
            self._wrong("charged wrongly", machine, place, told)
        if charged > 0 and account.high <= 0:
            owed = -account.high / HALF_GRAINS / HALVES
            self._wrong("let through", machine, place, f"new work, with {owed:g} units owed,")
        account.take(charged)
        self._halves[place[1]] += charged

    def _wrong(self, kind: str, machine: Machine, place: Place, what: str) -> None:
        if len(self.wrongs) < WRONGS_MAX:
            units = "write" if place[1] else "read"
            text = f"{machine.name}, {units} units of table {place[0]}: {what}"
            self.wrongs.append(Finding("capacity", kind, text, ()))
