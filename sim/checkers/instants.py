"""The order of instants: all operations, each at the moment at which it happened.

A write transaction happens at its decision in the ledger, a singleton when it was applied or
refused, a read transaction when it had read everything once, a GetItem when it was read - or just
before the decision of what was decided and not yet applied there.  Carried out one after the other
on the model, the operations must give every answer (§2.3: serializable).  Reads have no place in
timestamp order: a read may see T1@10 and not T2@5, and be right.

This order is also that of real time, but for GetItem: of two operations, one answered before the
other was asked for, that one comes first.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from items.values import Item
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.checkers.graph.txn import Precedes
from sim.checkers.items_told import both_told
from sim.checkers.model import Json, Model, Place, Step, get_answer, shown_place, write_answer
from sim.checkers.whence import whence
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation

BY_INSTANT = ("serializable in the order of instants",)
IN_REAL_TIME = ("strictly serializable in the order of instants",)
# Refusals that say nothing of the item: the witness has judged them where they were given.
CONFLICT = "TransactionConflictException"
THROTTLED = "ProvisionedThroughputExceededException"
FAILED = "ConditionalCheckFailedException"
Stamp = tuple[int, str]
Seen = tuple[Place, Item | None]


class Line(NamedTuple):
    """One operation of the order: what it found and what it left."""

    operation: Operation
    kind: str  # write, read, get or refused.
    stamp: Stamp | None  # A committed writer's timestamp.
    reads: tuple[Seen, ...]
    writes: tuple[Seen, ...]


class _Moment(NamedTuple):
    number: int
    kind: str
    what: Any
    operation: Operation


class Instants:
    """The model carried along the moments of a run, and what does not fit."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.model = Model(evidence.tables)
        self.findings: list[Finding] = []  # What refutes the order …
        self.late: list[Finding] = []  # … and what only refutes that real time is kept.
        self.lines: list[Line] = []
        self.is_by_timestamps = True  # Of two writers of an item, the later one has the later.
        self._stamps: dict[Place, Stamp] = {}
        # What an item was just before the last decision about it: transaction and item.
        self._before: dict[Place, tuple[str, Item | None]] = {}
        self._explained: set[int] = set()  # Reads for which a moment was found.
        self._closest: dict[int, Json] = {}  # Else: what would have been right at the last one.
        self._latest: Operation | None = None  # Of those so far, the one asked for last.
        self._early: dict[str, list[Line]] = {}  # GetItems just before a decision.
        self._places: dict[str, int] = {}  # Of decided transactions among the lines.
        self._carry_out()

    def in_order(self) -> Iterator[Line]:
        """Give the order itself, with each GetItem in its place."""
        begin = 0
        for transaction in sorted(self._early, key=lambda one: self._places[one]):
            end = self._places[transaction]
            yield from self.lines[begin:end]
            yield from self._early[transaction]
            begin = end
        yield from self.lines[begin:]

    def _carry_out(self) -> None:
        for moment in sorted(self._moments(), key=lambda moment: moment.number):
            if moment.kind == "read":
                self._read(moment)
            elif moment.kind == "refused":
                self._refused(moment)
            else:
                self._written(moment)
        for operation in self.evidence.operations:
            if self.evidence.is_read(operation) and operation.place not in self._explained:
                text = f"{named(operation)} read what was there at none of the moments when it read"
                told = [*self._differences(operation), *whence(self.evidence, operation)]
                text = "\n".join([text, *told])
                self.findings.append(_finding("read refuted", text, operation))

    def _moments(self) -> Iterator[_Moment]:
        evidence = self.evidence
        for decision in evidence.decisions:
            if decision.commits and (operation := evidence.of(decision)) is not None:
                yield _Moment(decision.number, "decided", decision, operation)
        by_attempt = evidence.by_attempt
        for one in evidence.applied:
            if one.request in by_attempt:
                yield _Moment(one.number, "applied", one, by_attempt[one.request])
        for refused in evidence.refused:
            if refused.request in by_attempt:
                yield _Moment(refused.number, "refused", refused, by_attempt[refused.request])
        for attempt, reads in evidence.reads.items():
            reader = by_attempt.get(attempt)
            if reader is not None and evidence.is_read(reader):
                for read in reads:
                    yield _Moment(read.number, "read", read, reader)

    # Writers ---------------------------------------------------------------------------------

    def _written(self, moment: _Moment) -> None:
        """Carry out a committed writer, and say what is wrong with that."""
        operation, what, model = moment.operation, moment.what, self.model
        is_transaction = operation.name == WRITE_TRANSACTION
        steps = self.evidence.steps(operation)
        stamp = what.us, what.node
        reads, writes, wrongs = [], [], []
        for step in steps:
            place = step.place
            before = model.items.get(place)
            wrong, after = model.judged(step)
            reads.append((place, before))
            writes.append((place, after))
            if wrong:
                wrongs.append(f"of {shown_place(place)}: {wrong}" if is_transaction else wrong)
            if stamp <= self._stamps.get(place, (0, "")):
                self.is_by_timestamps = False
            self._stamps[place] = stamp
            if is_transaction:
                self._before[place] = (what.transaction, before)
            else:
                self._before.pop(place, None)
        if not wrongs:
            for place, after in writes:
                model.keep(place, after)
            wrongs = wrong_answer(model, operation, steps[0], reads[0][1], writes[0][1])
        for wrong in wrongs:
            text = f"{named(operation)} when it happened: {wrong}"
            self.findings.append(_finding("order refuted", text, operation))
        if is_transaction:
            self._places[what.transaction] = len(self.lines)
        self._line(Line(operation, "write", stamp, tuple(reads), tuple(writes)))

    # Who only looked -------------------------------------------------------------------------

    def _refused(self, moment: _Moment) -> None:
        operation, error = moment.operation, moment.what.error
        if operation.error != error or error in (CONFLICT, THROTTLED):
            return
        (step,) = self.evidence.steps(operation)
        item = self.model.items.get(step.place)
        wrong, _ = self.model.judged(step)
        if not wrong and not moment.what.of_index:
            text = f"{named(operation)} was refused with {error}, but nothing was wrong with it"
            self.findings.append(_finding("refusal refuted", text, operation))
        elif error == FAILED and step.action.old_on_failure:
            right = self.model.answer(step.place, {}).get("Item")
            if operation.answer.get("Item") != right:
                names = self.model.key_names(step.place)
                told, there = both_told(operation.answer.get("Item"), right, names)
                text = f"{named(operation)} was refused for {told}; what was there is {there}"
                self.findings.append(_finding("refusal refuted", text, operation))
        self._line(Line(operation, "refused", None, ((step.place, item),), ()))

    def _read(self, moment: _Moment) -> None:
        operation = moment.operation
        if operation.place in self._explained:
            return
        if operation.name == READ_TRANSACTION:
            self._read_all(operation)
        else:
            self._got(operation, moment.what.ongoing[0])

    def _read_all(self, operation: Operation) -> None:
        """Judge a read transaction: it is as of one moment, and nothing decided may be missing."""
        gets, model = self.evidence.gets(operation), self.model
        if self._fits(operation, {"Responses": [model.answer(*one) for one in gets]}):
            seen = tuple([(place, model.items.get(place)) for place, _ in gets])
            self._line(Line(operation, "read", None, seen, ()))

    def _got(self, operation: Operation, ongoing: str | None) -> None:
        """Judge a GetItem, which keeps real time for its own item only."""
        ((place, entry),) = self.evidence.gets(operation)
        transaction, before = self._before.get(place, ("", None))
        if ongoing is not None and ongoing == transaction:
            # Decided and not applied yet: the read comes just before.
            if self._fits(operation, get_answer(before, entry)):
                line = Line(operation, "get", None, ((place, before),), ())
                self._early.setdefault(transaction, []).append(line)
        elif self._fits(operation, self.model.answer(place, entry)):
            seen = ((place, self.model.items.get(place)),)
            self.lines.append(Line(operation, "get", None, seen, ()))

    def _fits(self, operation: Operation, right: Json) -> bool:
        """Say whether a read was answered what is right at this moment; else remember that."""
        fits = bool(right == operation.answer)
        if fits:
            self._explained.add(operation.place)
        else:
            self._closest[operation.place] = right
        return fits

    def _differences(self, operation: Operation) -> Iterator[str]:
        """Tell where an answer differs from what was right at the last moment when it read."""
        right = self._closest.get(operation.place)
        if right is None:
            yield "nobody saw it read anything"
            return
        both = zip(_each(operation.answer), _each(right), strict=False)
        for (place, _), (told, there) in zip(self.evidence.gets(operation), both, strict=False):
            if told != there:
                names = self.model.key_names(place)
                one, other = both_told(told.get("Item"), there.get("Item"), names)
                yield f"it was told of {shown_place(place)}: {one}; at the last: {other}"

    # Real time -------------------------------------------------------------------------------

    def _line(self, line: Line) -> None:
        """Add an operation to the order, and hold it against real time; no GetItem comes here."""
        self.lines.append(line)
        operation, latest = line.operation, self._latest
        if latest is None or operation.invoked_us > latest.invoked_us:
            self._latest = operation
        if latest is not None and self.evidence.over_us(operation) < latest.invoked_us:
            over = self.evidence.over(operation)
            text = (
                f"{named(operation)} must come before {named(latest)}, because it {over}, and"
                f" {latest.call} was asked for at {latest.invoked_us} µs; but {latest.call}"
                " happened first"
            )
            calls = operation.call, latest.call
            steps = (
                Precedes(
                    operation.call,
                    latest.call,
                    "rt",
                    f"{operation.call} {over}, and {latest.call} was asked for at"
                    f" {latest.invoked_us} µs",
                ),
                Precedes(latest.call, operation.call, "", f"{latest.call} happened first"),
            )
            found = Finding("strict", "real time broken", text, calls, "", IN_REAL_TIME, (), steps)
            self.late.append(found)


def _each(answer: Json) -> Sequence[Json]:
    responses: Sequence[Json] = answer.get("Responses", [answer])
    return responses


def wrong_answer(
    model: Model, operation: Operation, step: Step, before: Item | None, after: Item | None
) -> list[str]:
    """Say what is wrong with a writer's answer, given what it found and what it left."""
    if operation.name == WRITE_TRANSACTION or operation.outcome != "committed":
        return []
    right, answer = write_answer(step, operation.request, before, after), operation.answer
    if answer == right:
        return []
    names = model.key_names(step.place)
    told, due = both_told(answer.get("Attributes"), right.get("Attributes"), names, "nothing")
    return [f"was answered {told} instead of {due}"]


def _finding(kind: str, text: str, operation: Operation) -> Finding:
    return Finding("instants", kind, text, (operation.call,), "", BY_INSTANT)
