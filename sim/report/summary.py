"""What came of a run, in figures: the first thing that a page says.

Of a trace alone only that is said which can be read off it: no check was made, and nobody knows the
command that does it again.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

from network.events import EVENTS
from sim.counted import counted
from sim.faults.kinds import OTHERS, in_words
from sim.figures import Percentiles, figures_of
from sim.report.recording import Arrived, Lost, Moment, Noted, Recording, Sent
from sim.report.transactions import clients_own
from sim.scenario import Scenario

Json: TypeAlias = dict[str, Any]

NODES = (
    ("clients", "client"),
    ("routers", "router"),
    ("coordinators", "coordinator"),
    ("partitions", "partition"),
    ("ledgers", "ledger node"),
    ("managers", "recovery manager"),
)
SHOWN = {  # The lines by which a trace shows faults; a cut of both directions is two of them.
    "host.crashed": ("crash", "crashes"),
    "host.paused": ("pause", "pauses"),
    "clock.jumped": ("clock jump", "clock jumps"),
    "link.cut": ("link cut", "links cut"),
    "network.split": ("split", "splits"),
    "link.held": ("link held", "links held"),
    "links.clogged": ("clog", "clogs"),
    "disk.slowed": ("slow disk", "slow disks"),
    "disk.filled": ("full disk", "full disks"),
    "disk.lied": ("lying disk", "lying disks"),
    "write.torn": ("torn write", "torn writes"),
    "partition.throttled": ("throttle", "throttles"),
    "partition.split_begun": ("partition split", "partition splits"),
    "late": OTHERS["late"],
    "corrupt": OTHERS["corrupt"],
    "step.happened": OTHERS["steps"],
}


def summary_of(recording: Recording, left_out: str) -> Json:
    """Sum a run up."""
    result, origin = recording.result, recording.origin
    figures = figures_of(recording.operations)
    return {
        "cluster": cluster_of(result.scenario) if result is not None else [],
        "calls": sum(1 for _ in clients_own(recording.operations)),
        "outcomes": dict(figures.outcomes),
        "reasons": dict(figures.reasons),
        "latency": {
            "transactions": latency_of(figures.transactions_us),
            "others": latency_of(figures.others_us),
            "others_count": figures.others_count,
        },
        "messages": messages_of(recording),
        "faults": faults_of(recording),
        "switched_off": [one.replace("_", " ") for one in result.switched_off] if result else [],
        "steps": steps_of(recording),
        "marks": marks_of(recording),
        "checks": list(result.checks) if result is not None else None,
        "findings": len(result.findings) if result is not None else None,
        "virtual_us": result.virtual_us if result is not None else recording.end_us,
        "digest": result.digest if result is not None else "",
        "mutant": origin.mutant or "",
        "command": origin.command,
        "left_out": left_out,
    }


def cluster_of(scenario: Scenario) -> list[str]:
    """Say how many nodes of each kind there are."""
    counts = [(scenario.number(f"workload.{NODES[0][0]}"), NODES[0][1])]
    counts += [(scenario.number(f"cluster.{many}"), one) for many, one in NODES[1:]]
    return [counted(count, one) for count, one in counts]


def latency_of(found: Percentiles | None) -> Json | None:
    return None if found is None else {"p50": found.p50, "p90": found.p90, "p99": found.p99}


def messages_of(recording: Recording) -> dict[str, int]:
    """Count what became of messages; by the run itself where it is known."""
    if recording.result is not None:
        return dict(recording.result.messages)
    counts = Counter({"sent": 0, "delivered": 0, "lost": 0, "repeated": 0})
    for moment in recording.moments:
        match moment:
            case Sent(fate=fate):
                counts["sent"] += 1
                counts["repeated"] += fate == "repeated"
            case Arrived():
                counts["delivered"] += 1
            case Lost():
                counts["lost"] += 1
            case _:
                pass
    return dict(counts)


def faults_of(recording: Recording) -> list[str]:
    """Say what went wrong, and how often."""
    if recording.result is None:
        shown = Counter(_shown_by(one) for one in recording.moments)
        return [counted(shown[name], *words) for name, words in SHOWN.items() if shown[name]]
    return in_words(recording.result.faults)


def _shown_by(moment: Moment) -> str:
    """Return the name of what a line of a trace shows, as far as it may be a fault."""
    match moment:
        case Noted(event=name) | Sent(fate=name):
            return name
        case _:
            return ""


def steps_of(recording: Recording) -> list[Json]:
    """Say which faults on steps there were to be, and which came; a trace has those that came."""
    if recording.result is not None:
        return [{"step": one.step, "came": one.happened} for one in recording.result.steps]
    noted = (one for one in recording.moments if isinstance(one, Noted))
    came = (one.fields["step"] for one in noted if one.event == "step.happened")
    return [{"step": step, "came": True} for step in came]


def marks_of(recording: Recording) -> list[Json]:
    """Give what nodes noted about themselves: how often, and what it means."""
    if recording.result is not None:
        counts: Mapping[str, int] = recording.result.marks
    else:
        noted = (one.event for one in recording.moments if isinstance(one, Noted))
        counts = Counter(event for event in noted if event in EVENTS)
    return [
        {"event": event, "count": counts[event], "meaning": meaning}
        for event, meaning in EVENTS.items()
        if counts.get(event)
    ]
