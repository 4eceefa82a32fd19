"""One transaction as a Mermaid sequence diagram, for documents and issues.

Arrows stand in the order in which messages leave; one that is lost ends in a cross.  Times are in
ms since the first of them.  What Mermaid reads as its own signs is written as it asks for.
"""

import re
from collections.abc import Iterator, Sequence

from sim.report.exports.chosen import hosts_of
from sim.report.exports.spoken import Spoken, in_lanes, is_of_host
from sim.report.recording import Durable, Moment, Noted, Sent

LINES_MAX = 400  # A picture of more is no picture.
SIGNS = {"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;"}  # It takes `<br>` for a line's end.


def mermaid_lines(call: str, moments: Sequence[Moment], spoken: Spoken) -> Iterator[str]:
    """Write the diagram of one call's moments."""
    begin_us = moments[0].us if moments else 0
    hosts = dict.fromkeys(host for one in moments for host in hosts_of(one) if host != "witness")
    yield "sequenceDiagram"
    yield f"    %% {call}: times in ms since its first message"
    for host in in_lanes(hosts):
        yield f"    participant {host}"
    drawn = [line for one in moments for line in _lines(one, begin_us, spoken)]
    yield from (f"    {line}" for line in drawn[:LINES_MAX])
    if len(drawn) > LINES_MAX:
        yield f"    %% {len(drawn) - LINES_MAX} more lines are left out"


def _lines(moment: Moment, begin_us: int, spoken: Spoken) -> Iterator[str]:
    at = f"{(moment.us - begin_us) / 1000:.1f}"
    match moment:
        case Sent(source=source, target=target):
            arrow, told = ("->>", "") if moment.arrivals_us else ("-x", _lost(moment))
            again = "again: " if moment.again else ""
            twice = "twice: " if len(moment.arrivals_us) > 1 else ""
            said = escaped(f"{again}{twice}{spoken.sent(moment)}{told}")
            yield f"{source}{arrow}{target}: {at} {said}"
        case Durable(host=host):
            yield f"Note over {host}: {at} {escaped(spoken.durable(moment))}"
        case Noted(host=host) if is_of_host(moment):
            yield f"Note over {host}: {at} {escaped(spoken.noted(moment))}"
        case _:
            pass


def _lost(sent: Sent) -> str:
    return f" (lost: {sent.because})" if sent.because else " (still on its way at the end)"


def escaped(text: str) -> str:
    return re.sub("[#;<>]", lambda found: SIGNS[found.group()], text)
