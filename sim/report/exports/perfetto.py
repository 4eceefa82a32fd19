"""A run as a Chrome trace, which Perfetto shows: https://ui.perfetto.dev and chrome://tracing.

Each node is a process.  On it lie, as slices, what it was at: a client its calls, a ledger node the
states of transactions, a partition its promises, a host the time when it was down.  Messages are
short slices at both ends with an arrow between them.  Times are µs of virtual time.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from coordinator.ledger import State
from network.placement import LEDGER_TABLE, is_internal
from sim.report.exports.chosen import hosts_of
from sim.report.exports.spoken import Spoken, in_lanes, is_of_host
from sim.report.inside import Inside, item_name
from sim.report.recording import Arrived, Durable, Lost, Moment, Noted, Recording, Sent

Event: TypeAlias = dict[str, Any]

MESSAGE_US = 1  # How long a message's slice is: an arrow has to end on something.
LASTS = {"host.crashed": ("down", "host.started"), "host.paused": ("paused", "host.resumed")}


def perfetto_json(
    recording: Recording, inside: Inside, moments: Sequence[Moment], spoken: Spoken
) -> Iterator[str]:
    """Write the trace, an event a line."""
    trace = _Trace(recording, inside, moments, spoken)
    yield '{"displayTimeUnit":"ms","traceEvents":['
    before = ""
    for event in trace.events():
        yield before + json.dumps(event, separators=(",", ":"))
        before = ","
    yield "]}"


class _Trace:
    """The trace of one run while it is written."""

    def __init__(
        self, recording: Recording, inside: Inside, moments: Sequence[Moment], spoken: Spoken
    ) -> None:
        self._inside, self._moments, self._spoken = inside, moments, spoken
        self._end_us = recording.end_us
        hosts = dict.fromkeys(
            host for one in moments for host in hosts_of(one) if host != "witness"
        )
        self._processes = {host: n for n, host in enumerate(in_lanes(hosts), 1)}
        self._recording = recording
        self._flows: dict[Sent, int] = {}  # By message.
        self._open: dict[tuple[str, str], Event] = {}  # By host and what goes on there.
        self._slices = 0

    def events(self) -> Iterator[Event]:
        for host, process in self._processes.items():
            name = {"name": "process_name", "ph": "M", "pid": process, "args": {"name": host}}
            yield name
            yield {
                "name": "process_sort_index",
                "ph": "M",
                "pid": process,
                "args": {"sort_index": process},
            }
        yield from self._calls()
        for moment in self._moments:
            match moment:
                case Sent():
                    yield self._sent(moment)
                case Arrived():
                    yield self._arrived(moment)
                case Lost():
                    text = f"lost ({moment.sent.because}): {self._spoken.sent(moment.sent)}"
                    yield self._instant(moment.us, moment.sent.target, text)
                case Durable():
                    yield from self._durable(moment)
                case Noted() if is_of_host(moment):
                    yield from self._noted(moment)
                case _:
                    pass
        for (host, _), begun in self._open.items():
            yield self._ended(host, begun, self._end_us)

    # Messages --------------------------------------------------------------------------------

    def _sent(self, sent: Sent) -> Event:
        flow = self._flows[sent] = len(self._flows) + 1
        text = f"to {sent.target}: {self._spoken.sent(sent)}"
        event = self._slice(sent.us, sent.source, text)
        return {**event, "bind_id": flow, "flow_out": True} if sent.arrivals_us else event

    def _arrived(self, arrived: Arrived) -> Event:
        sent = arrived.sent
        text = f"from {sent.source}: {self._spoken.sent(sent)}"
        event = self._slice(arrived.us, sent.target, text)
        flow = self._flows.get(sent)
        # An arrow has one end: of a message that comes twice it is the first copy.
        if flow is None or arrived.us != sent.arrivals_us[0]:
            return event
        return {**event, "bind_id": flow, "flow_in": True}

    def _slice(self, us: int, host: str, name: str) -> Event:
        return {**self._at(us, host, name), "ph": "X", "dur": MESSAGE_US, "cat": "message"}

    def _instant(self, us: int, host: str, name: str) -> Event:
        return {**self._at(us, host, name), "ph": "i", "s": "t", "cat": "event"}

    def _at(self, us: int, host: str, name: str) -> Event:
        return {"name": name, "ts": us, "pid": self._processes[host], "tid": 1}

    # What lasts ------------------------------------------------------------------------------

    def _calls(self) -> Iterator[Event]:
        """Give the calls of clients that take part."""
        shown = {one.call for one in self._moments if isinstance(one, Sent)}
        for operation in self._recording.operations:
            if operation.call in shown and operation.client in self._processes:
                name = f"{operation.call} {operation.name}: {operation.outcome}"
                begun = self._begun(operation.invoked_us, operation.client, name)
                yield begun
                yield self._ended(operation.client, begun, operation.returned_us)

    def _durable(self, durable: Durable) -> Iterator[Event]:
        """Begin and end what a change begins and ends: states of transactions, and promises."""
        yield self._instant(durable.us, durable.host, self._spoken.durable(durable))
        for key, record in durable.changes.records:
            if key[0] == LEDGER_TABLE and record is not None and record.item is not None:
                transaction, state = record.item["Transaction"][1], record.item["State"][1]
                lasts = (
                    "" if state == State.COMPLETED else f"{self._inside.name(transaction)} {state}"
                )
                yield from self._goes_on(durable, transaction, lasts)
            elif not is_internal(key[0]):
                ongoing = record.ongoing if record is not None else None
                name = item_name(self._inside.table_names, key)
                lasts = (
                    f"{self._inside.name(ongoing.transaction)} ongoing on {name}" if ongoing else ""
                )
                yield from self._goes_on(durable, name, lasts)

    def _noted(self, noted: Noted) -> Iterator[Event]:
        yield self._instant(noted.us, noted.host, self._spoken.noted(noted))
        for lasts, end in LASTS.values():
            if noted.event == end:
                yield from self._goes_on(noted, lasts, "")
        if noted.event in LASTS:
            lasts, _ = LASTS[noted.event]
            yield from self._goes_on(noted, lasts, lasts)

    def _goes_on(self, moment: Durable | Noted, what: str, lasts: str) -> Iterator[Event]:
        """End what was going on, and begin what goes on now, if anything does."""
        begun = self._open.pop((moment.host, what), None)
        if begun is not None and begun["name"] == lasts:
            self._open[moment.host, what] = begun
            return
        if begun is not None:
            yield self._ended(moment.host, begun, moment.us)
        if lasts:
            begun = self._open[moment.host, what] = self._begun(moment.us, moment.host, lasts)
            yield begun

    def _begun(self, us: int, host: str, name: str) -> Event:
        self._slices += 1
        return {**self._at(us, host, name), "ph": "b", "id": self._slices, "cat": "lasting"}

    def _ended(self, host: str, begun: Event, us: int) -> Event:
        return {**self._at(us, host, begun["name"]), "ph": "e", "id": begun["id"], "cat": "lasting"}
