"""The two white-box oracles: a claimed order, carried out one operation after the other.

*By timestamp*: the committed writers - transactions at their timestamps, singletons at theirs - fed
to the model in timestamp order give the partitions' data and the writers' own answers (§3.2).

*By instant*: all operations in the order of the moments at which they happened give every answer: a
write transaction at its decision in the ledger, a singleton when it was applied or refused, a read
transaction when it had read everything once, a GetItem when it was read - or just before the
decision of what was decided and not yet applied there.  Reads have no place in timestamp order: a
read may see T1@10 and not T2@5, and be right.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from items.values import Item
from sim.checkers.finding import Finding
from sim.checkers.model import Json, Model, Place, get_answer, shown
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, History, Operation
from sim.witness import Applied, Decision, ReadAt, Refused, Witness

SINGLETON_WRITES = ("PutItem", "UpdateItem", "DeleteItem")
FINDINGS_MAX = 20  # Of one checker; the first ones say most.


class Evidence:
    """What the history and the witness say, each found by the other's name for it."""

    def __init__(self, history: History, witness: Witness) -> None:
        self.operations = list(history)
        # The entry of a decided transaction may be written again, say for a call refused beside it.
        decided: dict[tuple[str, bool], Decision] = {}
        for decision in witness.all(Decision):
            decided.setdefault((decision.transaction, decision.commits), decision)
        self.decisions = list(decided.values())
        self.applied: list[Applied] = witness.all(Applied)
        # Judged once; a copy is answered from memory, when the item may be another already.
        judged: dict[str, Refused] = {}
        for one in witness.all(Refused):
            judged.setdefault(one.request, one)
        self.refused = list(judged.values())
        self.reads: dict[str, list[ReadAt]] = defaultdict(list)
        for read in witness.all(ReadAt):
            self.reads[read.request.partition("/")[0]].append(read)
        self.by_call = {
            (operation.request["ClientRequestToken"], operation.call): operation
            for operation in self.operations
            if operation.name == WRITE_TRANSACTION
        }
        self.by_attempt = {
            attempt: operation for operation in self.operations for attempt in operation.attempts
        }

    def of(self, decision: Decision) -> Operation | None:
        return self.by_call.get((decision.token, decision.call))


class _Writer(NamedTuple):
    """A committed writer's place in timestamp order."""

    us: int
    node: str
    operation: Operation


def check_timestamps(
    evidence: Evidence, tables: tuple[Json, ...], data: Mapping[Place, Item]
) -> Iterator[Finding]:
    """Judge the data and the writers' answers by the model in timestamp order."""
    model = Model(tables)
    writers = [
        _Writer(decision.us, decision.node, operation)
        for decision in evidence.decisions
        if decision.commits and (operation := evidence.of(decision)) is not None
    ]
    writers += [
        _Writer(one.us, one.node, evidence.by_attempt[one.request])
        for one in evidence.applied
        if one.request in evidence.by_attempt
    ]
    writers.sort(key=lambda writer: writer[:2])
    for us, node, operation in writers:
        for wrong in _carry_out(model, operation):
            text = f"{_name(operation)} at timestamp {us}.{node}: {wrong}"
            yield Finding("timestamps", "order refuted", text, (operation.call,))
    for place in sorted({*model.items, *data}, key=repr):
        if model.items.get(place) != data.get(place):
            text = (
                f"{place[0]} {place[1]} is {shown(data.get(place))}; the committed writers in"
                f" timestamp order leave {shown(model.items.get(place))}"
            )
            yield Finding("timestamps", "data differ", text, ())


def _carry_out(model: Model, operation: Operation) -> Iterator[str]:
    """Carry out a committed writer on the model, and say what is wrong with that."""
    if operation.name == WRITE_TRANSACTION:
        steps = model.steps(operation.request)
        wrongs = [(step.place, model.wrong_with(step)) for step in steps]
        yield from (f"of {place[0]} {place[1]}: {wrong}" for place, wrong in wrongs if wrong)
        if not any(wrong for _, wrong in wrongs):
            for step in steps:
                model.apply(step)
        return
    step = model.step(operation.name, operation.request)
    wrong = model.wrong_with(step)
    if wrong:
        yield wrong
        return
    answer = model.write(step, operation.request)
    if operation.outcome == "committed" and answer != operation.answer:
        yield f"was answered {operation.answer}, not {answer}"


class _Moment(NamedTuple):
    number: int
    kind: str
    what: Any
    operation: Operation


class _Instants:
    """The model carried along the moments of a run."""

    def __init__(self, evidence: Evidence, tables: tuple[Json, ...]) -> None:
        self._evidence = evidence
        self._model = Model(tables)
        # What an item was just before the last decision about it: transaction and item.
        self._before: dict[Place, tuple[str, Item | None]] = {}
        self._explained: set[int] = set()  # Reads for which a moment was found.
        self._closest: dict[int, str] = {}  # Else: what would have been right at the last one.

    def check(self) -> Iterator[Finding]:
        reads: list[Operation] = []
        for moment in self._moments():
            operation = moment.operation
            if moment.kind == "decided":
                yield from self._decided(moment)
            elif moment.kind == "applied":
                yield from self._applied(operation)
            elif moment.kind == "refused":
                yield from self._refused(moment)
            else:
                self._read(moment)
        reads = [one for one in self._evidence.operations if self._answers(one)]
        for operation in reads:
            if operation.place not in self._explained:
                closest = self._closest.get(operation.place, "it was never read")
                text = (
                    f"{_name(operation)} was answered {operation.answer}, which was true at none of"
                    f" the moments when it read; at the last one: {closest}"
                )
                yield Finding("instants", "read refuted", text, (operation.call,))

    def _answers(self, operation: Operation) -> bool:
        return operation.name in ("GetItem", READ_TRANSACTION) and operation.outcome == "committed"

    def _moments(self) -> list[_Moment]:
        evidence = self._evidence
        moments = [
            _Moment(decision.number, "decided", decision, operation)
            for decision in evidence.decisions
            if decision.commits and (operation := evidence.of(decision)) is not None
        ]
        for kind, notes in (("applied", evidence.applied), ("refused", evidence.refused)):
            for note in notes:
                operation = evidence.by_attempt.get(note.request)
                if operation is not None:
                    moments.append(_Moment(note.number, kind, note, operation))
        for attempt, reads in evidence.reads.items():
            operation = evidence.by_attempt.get(attempt)
            if operation is not None and self._answers(operation):
                moments += [_Moment(read.number, "read", read, operation) for read in reads]
        moments.sort(key=lambda moment: moment.number)
        return moments

    def _decided(self, moment: _Moment) -> Iterator[Finding]:
        for step in self._model.steps(moment.operation.request):
            before = self._model.items.get(step.place)
            self._before[step.place] = (moment.what.transaction, before)
        yield from self._wrongs(moment.operation)

    def _applied(self, operation: Operation) -> Iterator[Finding]:
        step = self._model.step(operation.name, operation.request)
        self._before.pop(step.place, None)
        yield from self._wrongs(operation)

    def _wrongs(self, operation: Operation) -> Iterator[Finding]:
        for wrong in _carry_out(self._model, operation):
            text = f"{_name(operation)} when it happened: {wrong}"
            yield Finding("instants", "order refuted", text, (operation.call,))

    def _refused(self, moment: _Moment) -> Iterator[Finding]:
        operation, error = moment.operation, moment.what.error
        if operation.error != error or error == "TransactionConflictException":
            return
        if not self._model.wrong_with(self._model.step(operation.name, operation.request)):
            text = f"{_name(operation)} was refused with {error}, but nothing was wrong with it"
            yield Finding("instants", "refusal refuted", text, (operation.call,))

    def _read(self, moment: _Moment) -> None:
        operation, read = moment.operation, moment.what
        if operation.place in self._explained:
            return
        gets = self._model.gets(operation.request)
        if operation.name == READ_TRANSACTION:
            # As of one moment, and nothing decided may be missing.
            answer: Json = {
                "Responses": [
                    get_answer(self._model.items.get(place), entry) for place, entry in gets
                ]
            }
        else:
            ((place, entry),) = gets
            item = self._model.items.get(place)
            transaction, before = self._before.get(place, ("", None))
            if read.ongoing[0] is not None and read.ongoing[0] == transaction:
                item = before  # Decided and not applied yet: the read comes just before.
            answer = get_answer(item, entry)
        if answer == operation.answer:
            self._explained.add(operation.place)
        else:
            self._closest[operation.place] = str(answer)


def check_instants(evidence: Evidence, tables: tuple[Json, ...]) -> Iterator[Finding]:
    """Judge every answer by the model in the order of the operations' instants."""
    yield from _Instants(evidence, tables).check()


def _name(operation: Operation) -> str:
    return f"{operation.client}'s {operation.name} ({operation.call})"
