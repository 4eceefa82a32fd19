"""The operations of a run as the dependency graph wants them: what each read and wrote.

*From inside*: the versions of an item are those that its partition made durable, in the order of
their LSNs; who read which is known by LSN as well.  *From outside*, by what clients saw alone: a
workload's every write leaves a `version` that no other write leaves, and a read shows whose it
read.  What cannot be known so is left out, which hides a cycle at most and never makes one.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from items.actions import Action, Check, Delete, Put, Update
from sim.checkers.evidence import SINGLETON_WRITES, Evidence, place_of
from sim.checkers.finding import Finding
from sim.checkers.graph import HistoryError, Txn, check
from sim.checkers.graph.txn import FAIL, INFO, OK
from sim.checkers.model import Place, shown_place
from sim.checkers.whence import versions_shown
from sim.history import WRITE_TRANSACTION, Operation, one_a_request

WRITES = (WRITE_TRANSACTION, *SINGLETON_WRITES)
SERIALIZABLE, STRICT = "serializable", "strict-serializable"
STATUS = {"committed": OK, "cancelled": FAIL, "unknown": INFO}  # Of a transaction, by outcome.
Ops: TypeAlias = dict[str, list[tuple[str, str, Hashable]]]  # By call.


def explained(evidence: Evidence, *, model: str, is_inside: bool = True) -> Iterator[Finding]:
    """Say by the dependency graph why a run is not serializable; nothing if it is."""
    ops: Ops
    orders: Mapping[Hashable, Sequence[Hashable]] | None = None
    operations = evidence.operations
    if is_inside:
        ops, orders = _inside(evidence)
    else:
        operations = one_a_request(operations)
        ops = _outside(evidence, operations)
    # A GetItem keeps real time for its own item only.
    operations = [one for one in operations if model != STRICT or one.name != "GetItem"]
    try:
        report = check(_transactions(operations, ops), model, orders)
    except HistoryError:
        # Two writes left one version: the structure is wrong before any order is.
        return
    for anomaly in report.anomalies:
        calls = tuple(str(one) for one in anomaly.transactions)
        told, _, name = anomaly.explanation.rpartition("\n")
        yield Finding(
            "graph",
            anomaly.type,
            told,
            calls,
            name.partition(".  ")[0],  # Followed by what comes in fields of their own.
            anomaly.refutes,
            anomaly.possible,
            anomaly.steps,
        )


def _transactions(operations: Iterable[Operation], ops: Ops) -> Iterator[Txn]:
    for one in operations:
        if ops.get(one.call):
            status = STATUS[one.outcome]
            returned = None if status == INFO else one.returned_us
            yield Txn(one.call, ops[one.call], one.invoked_us, returned, status)


# From inside -------------------------------------------------------------------------------------


def _inside(evidence: Evidence) -> tuple[Ops, dict[Hashable, list[str]]]:
    """Give what everybody read and wrote, and the true order of each item's versions."""
    ops: Ops = defaultdict(list)
    orders: dict[Hashable, list[str]] = {}
    for key, versions in evidence.versions.items():
        name = shown_place(evidence.place(key))
        orders[name] = [f"v{n}" for n in range(1, len(versions) + 1)]
    for writer, changes in evidence.changes():
        operation = evidence.writers.get(writer)
        if operation is None:
            continue
        reading = {step.place: reads_item(step.action) for step in evidence.steps(operation)}
        for key, before, after in changes:
            place = evidence.place(key)
            found = place_of(evidence.versions.get(key, []), before)
            if reading.get(place) and found is not None:
                ops[operation.call].append(("r", shown_place(place), _named(found)))
            if after is not None:
                left = place_of(evidence.versions[key], after)
                ops[operation.call].append(("w", shown_place(place), _named(left or 0)))
    for operation, seen in evidence.seen:
        for key, found_by in versions_shown(evidence, operation, seen).items():
            if len(found_by) == 1 and found_by[0] is not None:
                place = evidence.place(key)
                ops[operation.call].append(("r", shown_place(place), _named(found_by[0])))
    return ops, orders


def _named(version: int) -> str | None:
    return f"v{version}" if version else None


def reads_item(action: Action) -> bool:
    """Say whether what an action does depends on what it finds."""
    return isinstance(action, Update | Check) or action.condition is not None


# From outside ------------------------------------------------------------------------------------


def _outside(evidence: Evidence, operations: Sequence[Operation]) -> Ops:
    """Give what everybody wrote, by request, and read, by answer."""
    ops: Ops = defaultdict(list)
    deleted: set[Place] = set()
    for operation in operations:
        if operation.name in WRITES and evidence.fits(operation):
            for step in evidence.steps(operation):
                name, version = shown_place(step.place), _version_of(step.action)
                if isinstance(step.action, Delete):
                    deleted.add(step.place)
                    version = f"gone by {operation.call}"
                if version is not None:
                    ops[operation.call].append(("w", name, version))
    for operation in operations:
        if not evidence.is_read(operation):
            continue
        answers = operation.answer.get("Responses", [operation.answer])
        for (place, _), answer in zip(evidence.gets(operation), answers, strict=False):
            version = answer.get("Item", {}).get("version", {}).get("S")
            if version is not None or (not answer and place not in deleted):
                ops[operation.call].append(("r", shown_place(place), version))
    return ops


def _version_of(action: Action) -> str | None:
    match action:
        case Put():
            value = action.item.get("version")
        case Update():
            value = action.values.get(":version")
        case _:
            value = None
    return None if value is None else str(value[1])
