"""What lasts: crashes, pauses, cuts and other faults, transactions' phases, promises.

Each band has its nodes, a beginning and an end (None: it lasts to the end of the run).  Phases and
promises of one node that overlap are put in rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coordinator.ledger import State, timestamp_of
from network.ids import NEVER
from network.messages import RecordKey
from network.placement import LEDGER_TABLE, is_internal
from partition.record import Record
from sim.report.naming import Names
from sim.report.recording import Durable, Moment, Noted

# What begins a band of a host, what it is called, and which events end it.
HOST_BANDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "host.crashed": ("down", ("host.started",)),
    "host.paused": ("paused", ("host.resumed", "host.crashed")),
    "partition.throttled": ("throttled", ("partition.relented", "host.crashed")),
    "disk.slowed": ("slow disk", ("disk.hastened",)),
    "disk.filled": ("full disk", ("disk.cleared",)),
    "disk.lied": ("lying disk", ("host.crashed",)),
}
# Likewise of links and of groups of hosts, with the field that says which.
LINK_BANDS: Mapping[str, tuple[str, str, str]] = {
    "link.cut": ("cut", "link.healed", "link"),
    "link.held": ("held", "link.released", "link"),
    "links.clogged": ("clogged", "links.unclogged", "links"),
    "network.split": ("split", "network.united", "groups"),
}
ROWS_MAX = 6  # Of one node; what overlaps more shares the last one.


def bands_of(moments: Sequence[Moment], names: Names, calls: Sequence[str]) -> list[dict[str, Any]]:
    """Find everything that lasts."""
    places = {call: n for n, call in enumerate(calls)}
    troubles = Troubles(names)
    spans = Spans(names, places)
    for moment in moments:
        if isinstance(moment, Noted):
            troubles.noted(moment)
        elif isinstance(moment, Durable):
            spans.durable(moment)
    return [*troubles.bands, *in_rows(spans.bands)]


class Troubles:
    """Faults while they last."""

    def __init__(self, names: Names) -> None:
        self.bands: list[dict[str, Any]] = []
        self._names = names
        self._open: dict[tuple[str, str], dict[str, Any]] = {}

    def noted(self, noted: Noted) -> None:
        host, event = noted.host, noted.event
        for kind, ends in HOST_BANDS.values():
            if event in ends:
                self._end(kind, host, noted.us)
        for kind, end, field in LINK_BANDS.values():
            if event == end:
                self._end(kind, str(noted.fields[field]), noted.us)
        if event in HOST_BANDS:
            self._begin(HOST_BANDS[event][0], host, [host], noted.us)
        elif event in LINK_BANDS:
            kind, _, field = LINK_BANDS[event]
            where = str(noted.fields[field])
            self._begin(kind, where, hosts_in(where), noted.us)

    def _begin(self, kind: str, where: str, hosts: Iterable[str], us: int) -> None:
        nodes = [self._names.nodes[host] for host in hosts if host in self._names.nodes]
        text = f"{where}: {kind}"
        band = {"kind": kind, "nodes": nodes, "from": us, "to": None, "text": text, "call": -1}
        self._end(kind, where, us)
        self._open[kind, where] = band
        self.bands.append(band)

    def _end(self, kind: str, where: str, us: int) -> None:
        band = self._open.pop((kind, where), None)
        if band is not None:
            band["to"] = us


def hosts_in(where: str) -> list[str]:
    """Return the hosts that a link, links or groups name, as in 'c1>p2' or 'c1 p1 | c2 p2'."""
    words = "".join(letter if letter.isalnum() else " " for letter in where).split()
    return list(dict.fromkeys(words))


class Spans:
    """Transactions' phases, by the ledger, and promises, by the partitions."""

    def __init__(self, names: Names, places: Mapping[str, int]) -> None:
        self.bands: list[dict[str, Any]] = []
        self._names, self._places = names, places
        self._phases: dict[str, dict[str, Any]] = {}  # By transaction.
        self._promises: dict[tuple[str, RecordKey], tuple[str, dict[str, Any]]] = {}

    def durable(self, durable: Durable) -> None:
        for key, record in durable.changes.records:
            if key[0] == LEDGER_TABLE:
                self._entry(durable, record)
            elif not is_internal(key[0]):
                self._record(durable, key, record)

    def _entry(self, durable: Durable, record: Record | None) -> None:
        if record is None or record.item is None:
            return
        item = record.item
        name, state = str(item["Transaction"][1]), str(item["State"][1])
        before = self._phases.get(name)
        if before is not None and before["kind"] == state:
            return  # Another call was refused beside it.
        stamp = timestamp_of(item)
        node = durable.host if stamp == NEVER else stamp.node
        place = self._names.nodes.get(node, self._names.nodes[durable.host])
        if before is not None:
            before["to"] = durable.us
            place = before["nodes"][0]
        text = f"{self._names.words.transaction(name)} {state}"
        band = self._band(state, place, durable, text)
        if state == State.COMPLETED:
            band["to"] = durable.us
        self._phases[name] = band

    def _record(self, durable: Durable, key: RecordKey, record: Record | None) -> None:
        ongoing = record.ongoing if record is not None else None
        place = (durable.host, key)
        known = self._promises.get(place)
        if known is not None and (ongoing is None or ongoing.transaction != known[0]):
            known[1]["to"] = durable.us
            del self._promises[place]
            known = None
        if ongoing is not None and known is None:
            words = self._names.words
            text = f"{words.transaction(ongoing.transaction)} ongoing on {words.key(key[1])}"
            band = self._band("ongoing", self._names.nodes[durable.host], durable, text)
            band["item"] = self._names.item(key)
            self._promises[place] = ongoing.transaction, band

    def _band(self, kind: str, node: int, durable: Durable, text: str) -> dict[str, Any]:
        call = self._places.get(durable.call, -1)
        band = {"kind": kind, "nodes": [node], "from": durable.us, "to": None, "text": text}
        band["call"] = call
        self.bands.append(band)
        return band


def in_rows(bands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give overlapping bands of one node rows of their own; a transaction stays in its row."""
    free: dict[int, list[float]] = {}  # By node: from when on each row is free.
    rows: dict[tuple[int, str], int] = {}  # Of transactions that have one.
    for band in bands:
        node, end = band["nodes"][0], float("inf") if band["to"] is None else band["to"]
        ends = free.setdefault(node, [])
        whose = (node, band["text"].partition(" ")[0] if band["kind"] != "ongoing" else "")
        row = rows.get(whose) if whose[1] else None
        if row is None:
            row = next((n for n, us in enumerate(ends) if us <= band["from"]), len(ends))
            row = min(row, ROWS_MAX - 1)
        if row == len(ends):
            ends.append(end)
        ends[row] = max(ends[row], end) if ends[row] > band["from"] else end
        if whose[1]:
            rows[whose] = row
        band["row"] = row
    return bands
