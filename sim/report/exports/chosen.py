"""Which part of a run is exported: all of it, or what belongs to one transaction."""

from collections.abc import Iterator, Sequence

from network.events import FAULTS
from sim.report.recording import Durable, Moment, Noted, Recording, Sent, call_of


def moments_of(recording: Recording, call: str | None) -> Sequence[Moment]:
    """Return the moments of one call, and what happened to the hosts of its nodes meanwhile."""
    if call is None:
        return recording.moments
    own = [one for one in recording.moments if call_of(one) == call]
    if not own:
        return own
    hosts = {host for one in own for host in hosts_of(one)}
    first_us, last_us = own[0].us, own[-1].us
    return [
        one
        for one in recording.moments
        if call_of(one) == call
        or (isinstance(one, Noted) and is_fault(one, hosts) and first_us <= one.us <= last_us)
    ]


def is_fault(noted: Noted, hosts: set[str]) -> bool:
    return noted.event in FAULTS and noted.host in hosts


def hosts_of(moment: Moment) -> Iterator[str]:
    match moment:
        case Sent():
            yield from (moment.source, moment.target)
        case Durable() | Noted():
            if moment.host:
                yield moment.host
        case _:
            pass
