"""A run as a log for ShiViz: every event with its host's vector clock.

The first line is the regular expression that ShiViz parses the log with, the second one is empty:
there is one execution.  A host's clock counts its own events; a message carries its sender's clock
along.  A crash does not set a clock back: what comes after it on a host knows of what came before.
"""

import json
from collections.abc import Iterator, Sequence

from sim.report.exports.spoken import Spoken, is_of_host
from sim.report.recording import Arrived, Durable, Moment, Noted, Sent

PARSER = r"(?<host>\S+) (?<clock>\{.*\})\n(?<us>\d+) (?<event>.*)"


def shiviz_lines(moments: Sequence[Moment], spoken: Spoken) -> Iterator[str]:
    """Write the log, two lines an event."""
    yield PARSER
    yield ""
    clocks: dict[str, dict[str, int]] = {}
    carried: dict[Sent, dict[str, int]] = {}  # By message: its sender's clock as it left.

    def line(us: int, host: str, event: str) -> Iterator[str]:
        clock = clocks.setdefault(host, {})
        clock[host] = clock.get(host, 0) + 1
        yield f"{host} {json.dumps(clock)}"
        yield f"{us} {event}"

    for moment in moments:
        match moment:
            case Sent(us=us, source=host):
                yield from line(
                    us, host, f"to {moment.target}{_lost(moment)}: {spoken.sent(moment)}"
                )
                carried[moment] = dict(clocks[host])
            case Arrived(us=us, sent=sent):
                _learn(clocks.setdefault(sent.target, {}), carried.get(sent, {}))
                yield from line(us, sent.target, f"from {sent.source}: {spoken.sent(sent)}")
            case Durable(us=us, host=host):
                yield from line(us, host, spoken.durable(moment))
            case Noted(us=us, host=host) if is_of_host(moment):
                yield from line(us, host, spoken.noted(moment))
            case _:
                pass


def _learn(clock: dict[str, int], told: dict[str, int]) -> None:
    for host, count in told.items():
        clock[host] = max(clock.get(host, 0), count)


def _lost(sent: Sent) -> str:
    """Say in hindsight that nothing arrived: its sender does not know."""
    return "" if sent.arrivals_us else f" (lost: {sent.because})" if sent.because else " (not yet)"
