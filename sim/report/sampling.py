"""What a report leaves out of a long run, so that its page stays small enough to open.

Whole calls are kept or left out, never single messages: first those that findings name and those
that they conflicted with, then others evenly over the run.  What belongs to no call - scans of the
ledger, tables, splits - is kept if there is room.  Faults are always kept.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from items.data import data
from network.events import FAULTS
from sim.report.diagram import counted
from sim.report.recording import Moment, Noted, call_of

MESSAGES_MAX = 20_000  # About 1,000 transactions; 200 to 300 bytes each on the page.


@data
class Sample:
    """The part of a run that a page shows."""

    moments: Sequence[Moment]
    calls: Sequence[str]  # In the order in which they began.
    left_out: str  # In words; empty if all is there.


def sampled(
    moments: Sequence[Moment],
    wanted: Iterable[str],
    conflicts: Mapping[str, Sequence[str]],
    unkept: int = 0,
    *,
    messages_max: int = MESSAGES_MAX,
) -> Sample:
    """Choose what a page shows of a run; `wanted` are the calls that it is about."""
    counts = counted(moments)
    nobodys = counts.pop("", 0)
    all_calls = list(counts)
    said = [f"{unkept:,} events after {moments[-1].us / 1e6:,.1f} s"] if unkept else []
    if nobodys + sum(counts.values()) <= messages_max:
        return Sample(moments, all_calls, _sentence(said))

    chosen, room = _chosen(counts, wanted, conflicts, messages_max)
    keeps = dict.fromkeys(chosen)
    if nobodys <= room:
        keeps[""] = None
    else:
        said.append(f"{nobodys:,} messages that belong to no client's call")
    calls = [call for call in all_calls if call in keeps]
    missing = len(all_calls) - len(calls)
    if missing:
        lost = sum(counts[call] for call in all_calls if call not in keeps)
        said.insert(0, f"{missing:,} of {len(all_calls):,} calls with {lost:,} messages")
    kept = [moment for moment in moments if _is_fault(moment) or call_of(moment) in keeps]
    return Sample(kept, calls, _sentence(said))


def _chosen(
    counts: Mapping[str, int],
    wanted: Iterable[str],
    conflicts: Mapping[str, Sequence[str]],
    room: int,
) -> tuple[Collection[str], int]:
    """Return the calls for which there is room, the most wanted ones first, and what is left."""
    first = dict.fromkeys(call for call in wanted if call in counts)
    for call in list(first):
        first.update(dict.fromkeys(one for one in conflicts.get(call, ()) if one in counts))
    others = [call for call in counts if call not in first]
    total = sum(counts[call] for call in others)
    spent = sum(counts[call] for call in first)
    # As many as there will be room for, evenly over the run.
    stride = max(1, -(-total // max(1, room - spent)))
    chosen: dict[str, None] = {}
    for call in [*first, *others[::stride]]:
        if counts[call] <= room:
            room -= counts[call]
            chosen[call] = None
    return chosen, room


def _is_fault(moment: Moment) -> bool:
    return isinstance(moment, Noted) and moment.event in FAULTS


def _sentence(said: Sequence[str]) -> str:
    return f"Left out of the diagram: {', and '.join(said)}." if said else ""
