"""Who met whom: for each call, the calls that it conflicted with.

Two calls conflict if one of them was refused, or read something, because of the other: it was
ongoing on an item, or its timestamp was in the way.
"""

from collections.abc import Iterator

from items.errors import TRANSACTION_CONFLICT_REASON
from network.messages import Reject
from sim.report.inside import Inside


def conflicts_of(inside: Inside) -> dict[str, list[str]]:
    """Return the conflicts of each call that has any, both ways."""
    met: dict[str, dict[str, None]] = {}
    for one, other in _pairs(inside):
        if one and other and one != other:
            met.setdefault(one, {})[other] = None
            met.setdefault(other, {})[one] = None
    return {call: list(others) for call, others in met.items()}


def _pairs(inside: Inside) -> Iterator[tuple[str, str]]:
    for (transaction, key), votes in inside.votes.items():
        call = inside.call_of(transaction)
        for voted in votes:
            vote = voted.vote
            if not isinstance(vote, Reject):
                continue
            if vote.in_the_way is not None:
                yield call, inside.call_of(inside.writers.get(vote.in_the_way, ""))
            elif vote.reason.code == TRANSACTION_CONFLICT_REASON.code:
                ongoing = inside.pasts.ongoing_at(key, voted.us, transaction)
                yield call, inside.call_of(ongoing[1]) if ongoing is not None else ""
    for (go, _), readings in inside.found.items():
        call = inside.call_of(go.partition("/")[0])
        for found in readings:
            if found.reading.ongoing is not None:
                yield call, inside.call_of(found.reading.ongoing)
