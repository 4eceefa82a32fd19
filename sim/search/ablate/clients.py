"""Whether a story's clients can tell: its history, judged by what they were told alone.

Most checks also look inside, at disks, LSNs and timestamps, and object as soon as anything there is
not as the rules promise.  A short story may end before any client has met that; so it says which it
is.  Values tell writes apart, since no two writes of a listed world leave the same one.  What
cannot be known that way is left out, which hides a contradiction at most and never makes one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.checkers.dependencies import STATUS
from sim.checkers.graph import Txn, check
from sim.checkers.graph.txn import INFO
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, History, Operation
from sim.run import run
from sim.search.broken import broken
from sim.search.shrink.failure import Failure

CONTRADICTION = "What its clients were told contradicts itself: {}."
NOBODY_READ = "Nobody reads here, so what clients were told cannot contradict itself."
EXPLAINED = "What its clients read is in order by itself: only the nodes' own records object."
UNCLEAR = "What its clients read cannot be judged by values alone: a missing item does not say why."
NOT_LISTED = "Its workload is not a list of requests, and was not judged by what clients were told."

STRICT = "strict-serializable"
Op = tuple[str, str, str | None]  # 'r' or 'w', an item, a value; None: there is none.


def clients_told(failure: Failure) -> str:
    """Run a failure, and say in a sentence whether its clients can tell."""
    if failure.scenario.workload != "listed":
        return NOT_LISTED
    with broken(failure.mutant):
        history = run(failure.scenario, failure.seed).history
    readers = [one for one in history if one.name in (READ_TRANSACTION, "GetItem")]
    said = judged(transactions(history))
    return UNCLEAR if said == NOBODY_READ and readers else said


def judged(told: list[Txn]) -> str:
    """Judge what clients were told, single reads as well, in the order of real time."""
    anomalies = check(told, STRICT).anomalies
    if anomalies:
        return CONTRADICTION.format(anomalies[0].type)
    reads = any(op[0] == "r" for txn in told for op in txn.ops)
    return EXPLAINED if reads else NOBODY_READ


def transactions(history: History) -> list[Txn]:
    """Write a listed world's history as transactions of reads and writes."""
    asked = {one.call: list(operations(one)) for one in history}
    written = [op for ops in asked.values() for op in ops if op[0] != "r"]
    # What adds to an item leaves no value of its own; and of a missing item who removed it is
    # not known.
    unclear = {item for kind, item, _ in written if kind == "?"}
    removed = {item for kind, item, value in written if kind == "w" and value is None}
    told = []
    for one in history:
        ops = [
            (kind, item, value if value is not None or kind == "r" else f"gone by {one.call}")
            for kind, item, value in asked[one.call]
            if item not in unclear and not (kind == "r" and value is None and item in removed)
        ]
        if ops:
            status = STATUS[one.outcome]
            # Who asks in the very µs in which an answer came asks after it: a client that never
            # thinks does, and all that is asked takes time to arrive.
            returned = None if status == INFO else 2 * one.returned_us
            told.append(Txn(one.call, ops, 2 * one.invoked_us + 1, returned, status))
    return told


def operations(one: Operation) -> Iterator[Op]:
    """Return what an operation wrote, by its request, and read, by its answer."""
    if one.name == WRITE_TRANSACTION:
        for entry in one.request["TransactItems"]:
            for verb, body in entry.items():
                yield from written_by(verb, body)
    elif one.name.endswith("Item") and one.name != "GetItem":
        yield from written_by(one.name.removesuffix("Item"), one.request)
    elif one.status == 200 and one.name == READ_TRANSACTION:
        entries = [entry["Get"] for entry in one.request["TransactItems"]]
        for body, answer in zip(entries, one.answer["Responses"], strict=True):
            yield "r", key_of(body), value_of(answer.get("Item", {}))
    elif one.status == 200 and one.name == "GetItem":
        yield "r", key_of(one.request), value_of(one.answer.get("Item", {}))


def written_by(verb: str, body: Mapping[str, Any]) -> Iterator[Op]:
    match verb:
        case "Put":
            yield "w", key_of(body), value_of(body["Item"])
        case "Delete":
            yield "w", key_of(body), None
        case "Update":
            new = body.get("ExpressionAttributeValues", {}).get(":new", {}).get("S")
            yield "?" if new is None else "w", key_of(body), new
        case _:  # A check writes nothing.
            pass


def key_of(body: Mapping[str, Any]) -> str:
    return str(body.get("Key", body.get("Item"))["key"]["S"])


def value_of(item: Mapping[str, Any]) -> str | None:
    value: str | None = item.get("value", {}).get("S")
    return value
