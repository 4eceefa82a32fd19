"""Linearizability of each item by itself: the order of its versions is that of real time.

An item's versions have an order of their own, their LSNs.  Each operation on the item takes its
place in it - a writer at the version that it left, a reader after the version that it read - and
the item is linearizable if nobody who had his answer comes after somebody who had not asked yet.
A transaction counts as an operation on each of its items.

GetItem is among them: it may miss what another item shows already, never what its own has shown.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from network.messages import RecordKey
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.graph.txn import Precedes
from sim.checkers.model import shown_place
from sim.history import Operation

WRITES, READS, HAS_READ = range(3)


class _Event(NamedTuple):
    """An operation's place among the versions of one item."""

    version: int
    phase: int
    place: int  # In the history, so that no two compare further.
    operation: Operation


def check_items(evidence: Evidence) -> Iterator[Finding]:
    """Judge each item's operations by real time."""
    events: dict[RecordKey, list[_Event]] = defaultdict(list)
    for key, versions in evidence.versions.items():
        for n, version in enumerate(versions, 1):
            writer = evidence.writers.get(version.writer)
            if writer is not None:
                events[key].append(_Event(n, WRITES, writer.place, writer))
    for operation, found in evidence.seen:
        for key, seen in found.items():
            # Which of several readings was answered need not be known: any that fits will do.
            there = [version for version in seen if version is not None]
            if there:
                events[key].append(_Event(min(there), READS, operation.place, operation))
                events[key].append(_Event(max(there), HAS_READ, operation.place, operation))
    for key, of_item in events.items():
        of_item.sort()
        yield from _judged(evidence, key, of_item)


def _judged(evidence: Evidence, key: RecordKey, events: list[_Event]) -> Iterator[Finding]:
    """Walk along an item's versions; whoever comes later may not have been answered before."""
    latest, latest_us = events[0], -1
    for event in events:
        operation = event.operation
        if event.phase != HAS_READ and evidence.over_us(operation) < latest_us:
            yield _finding(evidence, key, latest, event)
            return
        if event.phase != READS and operation.invoked_us > latest_us:
            latest, latest_us = event, operation.invoked_us


def _finding(evidence: Evidence, key: RecordKey, first: _Event, second: _Event) -> Finding:
    one, other = first.operation, second.operation
    place, over = shown_place(evidence.place(key)), evidence.over(other)
    text = (
        f"{named(one)} must come before {named(other)}, because of {place} it"
        f" {_did(first)} and the other {_did(second)};\n"
        f"but {named(other)} must come before {named(one)}, because it {over}, and {one.call}"
        f" was asked for at {one.invoked_us} µs: a contradiction"
    )
    did = f"of {place} {one.call} {_did(first)}, and {other.call} {_did(second)}"
    when = f"{other.call} {over}, and {one.call} was asked for at {one.invoked_us} µs"
    steps = (
        Precedes(one.call, other.call, _kind(first, second), did),
        Precedes(other.call, one.call, "rt", when),
    )
    return Finding(
        "items",
        "stale read" if first.phase == HAS_READ else "late write",
        text,
        (one.call, other.call),
        "an item that is not linearizable",
        ("linearizable", "strictly serializable"),
        ("serializable",),
        steps,
    )


def _kind(first: _Event, second: _Event) -> str:
    """Name the edge between two who have met on versions of one item."""
    wrote = first.phase == WRITES, second.phase == WRITES
    return {(True, True): "ww", (True, False): "wr", (False, True): "rw"}.get(wrote, "")


def _did(event: _Event) -> str:
    verb = "wrote" if event.phase == WRITES else "read"
    return f"{verb} version {event.version}" if event.version else "found it missing from the start"
