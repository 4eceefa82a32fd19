"""What the partitions carried out against what was decided, transaction by transaction.

A committed transaction is applied once to each of its items, after it was decided; one that was
cancelled, or never decided, is applied to none.  What was promised is ended, each LSN comes once,
and timestamps never fall (§3.3); those the disks' own rules tell.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.model import Place, shown_place
from sim.history import Operation

NOT_ATOMIC = ("atomicity", "serializable")
UNCOMMITTED = ("G1a", ("read committed", "serializable"), ("read uncommitted",))


def check_structure(evidence: Evidence) -> Iterator[Finding]:
    """Judge what landed on the disks by what the ledger decided."""
    yield from _appends(evidence)
    landed: dict[str, list[Place]] = defaultdict(list)
    first: dict[str, int] = {}
    for one in evidence.landed:
        places = landed[one.transaction]
        for key, _, after in one.changes:
            place = evidence.place(key)
            # A check that comes twice does no harm: nobody sees a difference.
            if after is not None or place not in places:
                places.append(place)
        first[one.transaction] = min(one.number, first.get(one.transaction, one.number))
    for transaction, decision in evidence.committed.items():
        if decision.number > first.get(transaction, decision.number):
            text = f"{transaction} was applied before the ledger had decided that it commits"
            yield _finding("applied undecided", text, transaction)
        operation = evidence.of(decision)
        if operation is not None:
            wanted = [step.place for step in evidence.steps(operation)]
            yield from _wholly(operation, wanted, landed[transaction], transaction)
    for transaction in sorted(landed.keys() - evidence.committed.keys()):
        where = _listed(landed[transaction])
        text = f"{transaction} was applied to {where}, and never decided to commit"
        yield _finding("applied uncommitted", text, transaction)
    yield from _twice(evidence)
    yield from _reads(evidence)


def _appends(evidence: Evidence) -> Iterator[Finding]:
    for kind, text, transaction in evidence.wrongs:
        yield Finding("structure", kind, text, (transaction,))


def _wholly(
    operation: Operation, wanted: list[Place], places: list[Place], transaction: str
) -> Iterator[Finding]:
    """Judge whether a committed transaction was applied to each of its items, once."""
    if len(wanted) == len(places) and {*wanted} == {*places}:
        return
    who = f"{named(operation)}, {transaction},"
    about = operation.call, transaction
    missing = [place for place in wanted if place not in places]
    if missing:
        done = [place for place in wanted if place in places]
        kind = "half a transaction" if done else "application lost"
        text = f"{who} committed and was never applied to {_listed(missing)}"
        text += f", but to {_listed(done)}" if done else ""
        yield _finding(kind, text, *about)
    for place, count in Counter(places).items():
        if count > 1:
            text = f"{who} was applied to {_listed([place])} {count} times"
            yield _finding("applied twice", text, *about)
        elif place not in wanted:
            text = f"{who} was applied to {_listed([place])}, and never asked for that"
            yield _finding("applied elsewhere", text, *about)


def _twice(evidence: Evidence) -> Iterator[Finding]:
    """Judge singletons: each attempt at most once for each item (a batch has several)."""
    counted = Counter((one.request, key) for one in evidence.applied for key, _, _ in one.changes)
    for (request, key), count in counted.items():
        if count > 1:
            text = f"the singleton {request} was applied {count} times to"
            yield Finding(
                "structure", "applied twice", f"{text} {_listed([evidence.place(key)])}", (request,)
            )


def _reads(evidence: Evidence) -> Iterator[Finding]:
    """Judge that what was read was there: a version that became durable."""
    for operation, found in evidence.seen:
        for key, seen in found.items():
            if all(version is None for version in seen):
                text = (
                    f"{named(operation)} read {_listed([evidence.place(key)])} in a version that no"
                    " disk has ever had"
                )
                yield Finding("structure", "garbage read", text, (operation.call,), *UNCOMMITTED)


def _finding(kind: str, text: str, *about: str) -> Finding:
    return Finding("structure", kind, text, about, "", NOT_ATOMIC)


def _listed(places: list[Place]) -> str:
    return " and ".join(shown_place(place) for place in places)
