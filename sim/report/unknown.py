"""What a client does not know, and what the inside of the cluster says about it.

An unknown outcome is two possibilities until the evidence decides: the ledger's decision, or what
became durable on the partitions.  A client can never see that evidence; whoever reads a report can.
"""

from collections.abc import Sequence
from typing import Any

from coordinator.ledger import State
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.report.inside import Inside, item_name

HAPPENED, DID_NOT, OPEN = "it happened", "it did not happen", "nothing decides it"
READS = (READ_TRANSACTION, "GetItem", "Query", "Scan", "BatchGetItem")


def unknown_of(inside: Inside, operation: Operation, transactions: Sequence[str]) -> dict[str, Any]:
    """Tell both possibilities of an unknown outcome, the evidence, and what follows from it."""
    if operation.name in READS:
        return {
            "happened": "it was read, and the answer got lost",
            "not": "nobody read anything",
            "verdict": "a read changes nothing, either way",
            "evidence": [],
        }
    if operation.name == WRITE_TRANSACTION:
        verdict, evidence = _of_transaction(inside, transactions)
    else:
        verdict, evidence = _of_singleton(inside, operation)
    return {
        "happened": "all of it happened, and the answer got lost",
        "not": "none of it happened",
        "verdict": verdict,
        "evidence": [{"us": us, "text": text} for us, text in sorted(evidence)],
    }


def _of_transaction(
    inside: Inside, transactions: Sequence[str]
) -> tuple[str, list[tuple[int, str]]]:
    """Let the ledger decide: its compare-and-set is the commit point."""
    evidence: list[tuple[int, str]] = []
    states: list[str] = []
    for transaction in transactions:
        name = inside.name(transaction)
        for entry in inside.entries.get(transaction, ()):
            states.append(entry.state)
            evidence.append((entry.us, f"{entry.node}'s ledger has {name} as {entry.state}"))
        for landed in inside.landed.get(transaction, ()):
            what = item_name(inside.table_names, landed.key)
            evidence.append((landed.us, f"{landed.node} has applied {name} to {what}"))
    if State.COMMITTING in states:
        return HAPPENED, evidence
    if State.CANCELLING in states:
        return DID_NOT, evidence
    if any(inside.landed.get(transaction) for transaction in transactions):
        return f"{OPEN}: applied, and never decided", evidence
    if State.PREPARING in states:
        return f"{OPEN}: it is still PREPARING where the recording ends", evidence
    return f"{DID_NOT}: the ledger never had it", evidence


def _of_singleton(inside: Inside, operation: Operation) -> tuple[str, list[tuple[int, str]]]:
    """Let the partition decide: it was carried out, or it never was."""
    applied = [found for one in operation.attempts if (found := inside.applied.get(one))]
    evidence = [(us, f"{node} has carried it out") for us, node in applied]
    return HAPPENED if applied else f"{DID_NOT}: no partition has carried it out", evidence
