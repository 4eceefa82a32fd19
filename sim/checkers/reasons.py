"""Why transactions were cancelled: every reason justified, at its place, and none left out.

Of a write transaction each reason is a vote of the partition that has the item, on this very
action, and true of the record when it was given; `None` stands exactly where the partition
accepted, or where a ValidationError hides the others (§3.3).  Of a read transaction a reason stands
exactly where something was ongoing, or the LSN was another in the second round (§3.4).

Which of several votes the coordinator heard is not known: a reason is right if one of them says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from items.limits import TRANSACTION_SIZE_BYTES_MAX
from items.to_json import item_to_json
from items.values import Item, size_bytes
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.items_told import both_told
from sim.checkers.model import Json, Place, shown_place
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation

CANCELED = "TransactionCanceledException"
# Given by whoever never heard of a partition, so no partition can bear witness; only time can.
BY_SILENCE = "ThrottlingError"
VALIDATION, CONFLICT = "ValidationError", "TransactionConflict"
# What read transactions can be cancelled for.
OF_READS = {"None", CONFLICT}

Votes = Mapping[tuple[str, Place], Sequence[tuple[str, Item | None]]]


def check_reasons(evidence: Evidence) -> Iterator[Finding]:
    """Judge each cancellation's reasons: as many as actions, each at its place, each true."""
    for transaction, lie in evidence.lies:
        yield Finding("reasons", "reason untrue", f"{transaction}: {lie}", (transaction,))
    cancelled = [
        operation
        for operation in evidence.operations
        if operation.is_transaction and operation.error == CANCELED
    ]
    votes = _votes(evidence)
    transactions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for decision in evidence.decisions:
        if not decision.commits:
            transactions[decision.token, decision.call].append(decision.transaction)
    for operation in cancelled:
        fits = evidence.fits(operation)
        wrong = _shape(operation, fits=fits)
        if wrong:
            yield _finding("reasons misshapen", operation, wrong)
        elif not fits:
            continue  # Of which no partition has ever heard.
        elif operation.name == WRITE_TRANSACTION:
            call = operation.request["ClientRequestToken"], operation.call
            if transactions[call] or not _is_of_router(operation):
                yield from _of_write(evidence, operation, transactions[call], votes)
        else:
            yield from _of_read(evidence, operation)


def _votes(evidence: Evidence) -> Votes:
    """Find what was voted of each item of a transaction: a code, and the item shown."""
    votes: dict[tuple[str, Place], list[tuple[str, Item | None]]] = defaultdict(list)
    for said in evidence.said:
        for key, code, item in said.votes:
            votes[said.transaction, evidence.place(key)].append((code, item))
    cancelled = {one.transaction for one in evidence.decisions if not one.commits}
    for promised in evidence.promised:
        if promised.transaction in cancelled:
            for key in promised.keys:
                votes[promised.transaction, evidence.place(key)].append(("None", None))
    return votes


def _shape(operation: Operation, *, fits: bool) -> str:
    codes = [reason["Code"] for reason in operation.reasons]
    count = len(operation.request["TransactItems"])
    if len(codes) != count:
        return f"{len(codes)} reasons for {count} actions"
    if not any(code != "None" for code in codes):
        return "cancelled, and no reason says why"
    if not fits:
        return "" if _is_of_router(operation) else "cancelled, and its keys do not fit their tables"
    if operation.name == READ_TRANSACTION and {*codes} - OF_READS:
        return f"a read transaction cancelled for {', '.join(sorted({*codes} - OF_READS))}"
    if VALIDATION in codes and len({*codes} - {"None"}) + codes.count(VALIDATION) > 2:
        return "a ValidationError is told alone, and others stand beside it"
    return ""


def _is_of_router(operation: Operation) -> bool:
    """Say whether a router may have refused this by itself: it can tell what is not valid."""
    codes = [reason["Code"] for reason in operation.reasons]
    return {*codes} - {"None"} == {VALIDATION} and codes.count(VALIDATION) == 1


# Write transactions ------------------------------------------------------------------------------


def _of_write(
    evidence: Evidence, operation: Operation, transactions: Sequence[str], votes: Votes
) -> Iterator[Finding]:
    codes = [reason["Code"] for reason in operation.reasons]
    is_validation = VALIDATION in codes
    places = [step.place for step in evidence.steps(operation)]
    first = codes.index(VALIDATION) if is_validation else len(codes)
    for position, (place, reason) in enumerate(zip(places, operation.reasons, strict=True)):
        code = reason["Code"]
        said = [vote for one in transactions for vote in votes.get((one, place), ())]
        heard = {vote for vote, _ in said}
        whose = f"reason {position + 1} is {code}; of {shown_place(place)} the partition said"
        words = ", ".join(sorted(heard)) or "nothing that became durable"
        if code == BY_SILENCE and code not in heard:
            if not _lasted(evidence, operation):
                text = f"reason {position + 1} is {code}, and nobody has waited for votes so long"
                yield _finding("reason untrue", operation, text)
            continue
        if code not in heard:
            # Hidden by a ValidationError, unless it is one itself that comes first, and was heard.
            if code != "None":
                yield _finding("reason misplaced", operation, f"{whose} {words}")
            elif not is_validation or (
                position < first and heard == {VALIDATION} and not _lasted(evidence, operation)
            ):
                yield _finding("reason hidden", operation, f"{whose} {words}")
        elif code != "None":
            right = [item for vote, item in said if vote == code]
            names = evidence.requests.key_names(place)
            wrong = _wrong_item(operation, reason.get("Item"), right, names)
            if wrong and not (reason.get("Item") is None and _is_replaced(evidence, operation)):
                yield _finding("item untrue", operation, f"reason {position + 1} {wrong}")


def _lasted(evidence: Evidence, operation: Operation) -> bool:
    """Say whether a coordinator may have given up waiting for a vote that was on its way."""
    return operation.returned_us - operation.invoked_us >= evidence.votes_deadline_us


def _wrong_item(
    operation: Operation, shown: Json | None, right: Sequence[Item | None], names: Sequence[str]
) -> str:
    """Say what is wrong with the item that a reason shows, or does not show."""
    expected = [item_to_json(item) if item is not None else None for item in right]
    if shown in expected:
        return ""
    if shown is None:
        # An answer has room for so much; what comes last is left out.
        sizes = [size_bytes(item) for item in right if item is not None]
        others = [reason["Item"] for reason in operation.reasons if reason.get("Item")]
        if others and max(sizes) * (len(others) + 1) > TRANSACTION_SIZE_BYTES_MAX:
            return ""
    told, due = both_told(shown, expected[0], names)
    return f"shows {told}; the partition said {due}"


def _is_replaced(evidence: Evidence, operation: Operation) -> bool:
    """Say whether another call began anew under the token: of old calls the items are forgotten."""
    token = operation.request["ClientRequestToken"]
    return any(one.token == token and one.call != operation.call for one in evidence.decisions)


# Read transactions -------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """One item as one round found it."""

    number: int
    round: int
    ongoing: str | None
    lsn: int


def _of_read(evidence: Evidence, operation: Operation) -> Iterator[Finding]:
    """Judge the reasons by what the rounds of one attempt at a coordinator have found."""
    wanted = [reason["Code"] == CONFLICT for reason in operation.reasons]
    places = [place for place, _ in evidence.gets(operation)]
    fits = [_fits(found, places, wanted) for found in _rounds(evidence, operation).values()]
    if any(all(one) for one in fits):
        return
    for position, wants in enumerate(wanted):
        if not any(one[position] for one in fits):
            what = "something was in the way of" if wants else "nothing was in the way of"
            kind = "reason untrue" if wants else "reason hidden"
            text = f"reason {position + 1} says that {what} {shown_place(places[position])}; no"
            yield _finding(kind, operation, f"{text} two rounds found it so")
            return
    yield _finding("reason untrue", operation, "no two rounds found just these items changing")


def _rounds(evidence: Evidence, operation: Operation) -> dict[str, dict[Place, list[_Reading]]]:
    """Give what was read for an operation, each go of a coordinator by itself."""
    goes: dict[str, dict[Place, list[_Reading]]] = defaultdict(lambda: defaultdict(list))
    for attempt in operation.attempts:
        for read in evidence.reads.get(attempt, ()):
            for key, ongoing, lsn in zip(read.keys, read.ongoing, read.lsns, strict=True):
                reading = _Reading(read.number, read.round, ongoing, lsn)
                goes[read.request][evidence.place(key)].append(reading)
    return goes


def _fits(
    found: Mapping[Place, Sequence[_Reading]], places: Sequence[Place], wanted: Sequence[bool]
) -> list[bool]:
    """Say at which places the reasons fit: as of round 1 alone, or as of two rounds."""
    alone, compared = [], []
    for place, wants in zip(places, wanted, strict=True):
        readings = found.get(place, ())
        alone.append(any((one.ongoing is not None) == wants for one in readings if one.round == 1))
        compared.append(
            any(
                (second.ongoing is not None or first.lsn != second.lsn) == wants
                for second in readings
                if second.round > 1
                for first in readings
                if first.number < second.number
            )
        )
    return alone if all(alone) else compared if all(compared) else _either(alone, compared)


def _either(alone: Sequence[bool], compared: Sequence[bool]) -> list[bool]:
    """Neither fits as a whole: name a place where both fail, if there is one."""
    both = [one or other for one, other in zip(alone, compared, strict=True)]
    return both if not all(both) else [False] * len(both)


def _finding(kind: str, operation: Operation, text: str) -> Finding:
    whole = f"{operation.call} ({operation.name}): {text}"
    return Finding("reasons", kind, whole, (operation.call,))
