"""A part of a long history, to be judged thoroughly where the search for an order got stuck.

What holds for a history holds for a part of it: take some transactions out of a serial order, and
the others still explain each other.  So reads whose writers are not in the part are left out, other
writers' elements are taken out of lists - and whatever contradicts itself then is a contradiction
of the whole.
"""

from collections.abc import Iterable, Sequence

from sim.checkers.graph.observed import LIST, Observed
from sim.checkers.graph.txn import APPEND, NEVER, OK, READ, WRITE, Op, Txn, Value
from sim.checkers.graph.versions import Versions

AROUND = 350  # Transactions that returned before and after those that are stuck.
AROUND_WRITERS = 20  # The same, for each of those whose writes these read.
MOST = 1_000


def window(observed: Observed, versions: Versions, stuck: Sequence[int]) -> list[Txn]:
    """Return the transactions around those that are stuck, without what leads out of them."""
    members = _members(observed, versions, stuck)
    return [_part(observed, txn, members) for txn in sorted(members)]


def _members(observed: Observed, versions: Versions, stuck: Sequence[int]) -> dict[int, None]:
    happened = [txn for txn in range(len(observed)) if versions.happened[txn]]
    happened.sort(key=lambda txn: (observed.returned[txn], observed.invoked[txn]))
    place = {txn: n for n, txn in enumerate(happened)}
    writers = [
        writer
        for txn in stuck
        for version in observed.reads_of(txn)
        if (writer := observed.writer[version]) in place
    ]
    members = dict.fromkeys([*stuck, *writers])
    for centre, around in [(stuck[0], AROUND), *((one, AROUND_WRITERS) for one in writers)]:
        begin = max(0, place[centre] - around)
        for txn in happened[begin : place[centre] + around]:
            if len(members) < MOST:
                members[txn] = None
    return members


def _part(observed: Observed, txn: int, members: Iterable[int]) -> Txn:
    ops: list[Op] = []
    for version in observed.reads_of(txn):
        key = observed.key_of[version]
        writer = observed.writer[version]
        if observed.kinds[key] == LIST:
            ops.append((READ, observed.keys[key], _elements(observed, version, members)))
        elif writer < 0 or writer in members:
            ops.append((READ, observed.keys[key], observed.values[version]))
    for version in observed.writes_of(txn):
        key = observed.key_of[version]
        f = APPEND if observed.kinds[key] == LIST else WRITE
        ops.append((f, observed.keys[key], observed.values[version]))
    returned = observed.returned[txn]
    # What was unknown and is here has happened: somebody read it.
    return Txn(
        observed.ids[txn], ops, observed.invoked[txn], None if returned == NEVER else returned, OK
    )


def _elements(observed: Observed, version: int, members: Iterable[int]) -> Value:
    key = observed.key_of[version]
    if version == observed.initial[key]:
        return None
    longest, versions = observed.longest[key], observed.versions[key]
    seen = longest[: longest.index(observed.values[version]) + 1]
    return [value for value in seen if observed.writer[versions[value]] in members]
