"""Linearizability of registers: which value came before which (Gibbons and Korach).

Whoever wrote or read a value did so while it stood.  So a value came before another if one of its
operations had returned before one of the other's was invoked.  If that holds both ways, there is no
order; and if it never does, there is one: looking at pairs is enough for single operations.
"""

from collections.abc import Iterator
from itertools import pairwise

from items.data import data
from sim.checkers.graph.anomalies import Findings
from sim.checkers.graph.observed import NOBODY, Observed
from sim.checkers.graph.txn import NEVER
from sim.checkers.graph.versions import Versions
from sim.checkers.graph.words import line, name, state

BEFORE_ALL = -NEVER


@data
class Zone:
    """All operations on one value: who returned first, and who was invoked last."""

    version: int
    ended: int  # When the first one returned, and which it was.
    ender: int
    began: int  # When the last one was invoked, and which it was.
    beginner: int


def check_zones(observed: Observed, versions: Versions, findings: Findings, kind: str) -> None:
    """Find values of one register that each came before the other.

    Of transactions, too, none of this may be; but there more is needed to say that all is well.
    """
    for zones in _zones(observed, versions).values():
        pair = contradiction(zones)
        if pair is not None and findings.takes(kind):
            _tell(observed, findings, kind, *pair)


def contradiction(zones: list[Zone]) -> tuple[Zone, Zone] | None:
    """Return two zones of which each precedes the other, if there are any."""
    # Those that reach from a return to a later invocation: none may overlap another, ...
    forward = sorted((zone for zone in zones if zone.ended < zone.began), key=_ended)
    for one, other in pairwise(forward):
        if other.ended < one.began:
            return one, other
    # ... and none of the rest may lie within one.
    within = iter(sorted((zone for zone in zones if zone.ended >= zone.began), key=_began))
    inner = next(within, None)
    for outer in forward:
        while inner is not None and inner.began <= outer.ended:
            inner = next(within, None)
        while inner is not None and inner.began < outer.began:
            if inner.ended < outer.began:
                return outer, inner
            inner = next(within, None)
    return None


def _ended(zone: Zone) -> int:
    return zone.ended


def _began(zone: Zone) -> int:
    return zone.began


def _zones(observed: Observed, versions: Versions) -> dict[int, list[Zone]]:
    """Gather the zones of all registers whose order is open, the initial value's among them."""
    wanted = dict.fromkeys(versions.open)
    found: dict[int, Zone] = {}
    for key in wanted:
        initial = observed.initial[key]
        found[initial] = Zone(initial, BEFORE_ALL, NOBODY, BEFORE_ALL, NOBODY)
    for txn, version in _operations(observed, versions):
        if observed.key_of[version] not in wanted:
            continue
        returned, invoked = observed.returned[txn], observed.invoked[txn]
        zone = found.get(version, Zone(version, NEVER + 1, NOBODY, BEFORE_ALL - 1, NOBODY))
        ended, ender, began, beginner = zone.ended, zone.ender, zone.began, zone.beginner
        if returned < ended:
            ended, ender = returned, txn
        if invoked > began:
            began, beginner = invoked, txn
        found[version] = Zone(version, ended, ender, began, beginner)
    zones: dict[int, list[Zone]] = {key: [] for key in wanted}
    for zone in found.values():
        zones[observed.key_of[zone.version]].append(zone)
    return zones


def _operations(observed: Observed, versions: Versions) -> Iterator[tuple[int, int]]:
    for txn in range(len(observed)):
        if versions.happened[txn]:
            for version in (*observed.reads_of(txn), *observed.writes_of(txn)):
                yield txn, version


def _tell(observed: Observed, findings: Findings, kind: str, one: Zone, other: Zone) -> None:
    involved = [one.ender, other.beginner, other.ender, one.beginner]
    for zone in (one, other):
        writer = observed.writer[zone.version]
        involved.append(writer)
    txns = [*dict.fromkeys(txn for txn in involved if txn != NOBODY)]
    lines = [f"  {line(observed, txn)}" for txn in txns]
    first, second = _before(observed, one, other), _before(observed, other, one)
    told = "\n".join([*lines, f"{first}; but {second}: a contradiction."])
    findings.add(kind, told, [observed.ids[txn] for txn in txns])


def _before(observed: Observed, one: Zone, other: Zone) -> str:
    value, after = _value(observed, one), _value(observed, other)
    if one.ender == NOBODY:
        return f"{value} came before {after}, because it was there from the beginning"
    return (
        f"{value} came before {after}, because {name(observed, one.ender)} had returned (at "
        f"{one.ended:,}) before {name(observed, other.beginner)} was invoked (at {other.began:,})"
    )


def _value(observed: Observed, zone: Zone) -> str:
    return state(observed, zone.version)
