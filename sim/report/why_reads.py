"""Why a read found what it found: what was ongoing, and whose write came between its rounds (§3.4).

Each sentence is of one item of one call, as in `sim.report.why`.
"""

from collections.abc import Sequence

from network.messages import RecordKey
from sim.report.inside import Found, Inside
from sim.report.why import CONFLICT, OfItem, Why, meeting, ms


def go_of(inside: Inside, call: str, items: Sequence[OfItem]) -> str:
    """Choose the go at a read that its answer speaks of: the latest one that fits the reasons."""
    goes = list(inside.goes.get(call, ()))
    for go in reversed(goes):
        if all(_fits(inside.found.get((go, item.key), ()), item.code) for item in items):
            return go
    return goes[-1] if goes else ""


def _fits(found: Sequence[Found], code: str) -> bool:
    """Say whether a reason may come of these readings; of a round's copies any may be heard."""
    if code == CONFLICT:
        return _ongoing_in(found) is not None or _moved_in(found) is not None
    firsts, lasts = _rounds(found)
    return any(one.reading.ongoing is None for one in firsts) and (
        not lasts or any(one.reading.lsn == other.reading.lsn for one in firsts for other in lasts)
    )


def _rounds(found: Sequence[Found]) -> tuple[list[Found], list[Found]]:
    return [one for one in found if one.round == 1], [one for one in found if one.round > 1]


def _ongoing_in(found: Sequence[Found]) -> Found | None:
    return next((one for one in found if one.reading.ongoing is not None), None)


def _moved_in(found: Sequence[Found]) -> tuple[Found, Found] | None:
    firsts, lasts = _rounds(found)
    pairs = ((one, other) for one in firsts for other in lasts)
    return next((pair for pair in pairs if pair[0].reading.lsn != pair[1].reading.lsn), None)


def of_read(inside: Inside, go: str, item: OfItem) -> Why:
    """Say what the rounds of a read transaction found of one item (§3.4)."""
    found = inside.found.get((go, item.key), [])
    if not found:
        return Why("", "nobody is known to have read it")
    last = {one.round: one.reading.lsn for one in found}
    said = ", ".join(f"round {n}: LSN {last[n]}" for n in sorted(last))
    if item.code != CONFLICT:
        return Why(said, "")
    met, moved = _ongoing_in(found), _moved_in(found)
    if met is not None and met.reading.ongoing is not None:
        text = f"{{who}} was ongoing on it in round {met.round}, at {{us}}"
        return Why(said, *meeting(inside, met.us, met.reading.ongoing, text))
    if moved is not None:
        return Why(said, *_moved(inside, item.key, *moved))
    return Why(said, "what was in its way in this go is not known")


def _moved(
    inside: Inside, key: RecordKey, first: Found, last: Found
) -> tuple[str, tuple[str, ...]]:
    begin = f"its LSN was {first.reading.lsn} in round 1 and {last.reading.lsn} in round 2"
    writers = inside.pasts.writers_between(key, first.us, last.us)
    if not writers:
        return begin, ()
    return meeting(inside, last.us, writers[-1], f"{begin}: {{who}} wrote it between")


def of_get(inside: Inside, call: str, item: OfItem) -> Why:
    """Say what a GetItem read, and where."""
    for go in reversed(list(inside.goes.get(call, ()))):
        for one in inside.found.get((go, item.key), ()):
            return Why(f"LSN {one.reading.lsn}", f"{one.node} read it at {ms(one.us)}")
    return Why("", "")
