"""What clients were told against what was decided: acknowledged is decided, cancelled is not.

Every answer 'committed' has its decision in the ledger and every answer 'cancelled' has none; a
token has led to one commit at most; and of a singleton nothing is told that no partition did.
"""

from collections import Counter
from collections.abc import Iterator

from sim.checkers.evidence import SINGLETON_WRITES, Evidence
from sim.checkers.finding import Finding
from sim.history import WRITE_TRANSACTION

# Refusals of a singleton write that only the partition can know of.
BY_PARTITIONS = (
    "ConditionalCheckFailedException",
    "TransactionConflictException",
    "ProvisionedThroughputExceededException",
)


def check_outcomes(evidence: Evidence) -> Iterator[Finding]:
    """Judge the answers to write transactions by the decisions in the ledger."""
    committed = Counter((one.token, one.call) for one in evidence.decisions if one.commits)
    tokens = Counter(one.token for one in evidence.decisions if one.commits)
    ends = Counter(one.transaction for one in evidence.decisions)
    for transaction, count in sorted(ends.items()):
        if count > 1:
            text = f"{transaction} was decided both ways: the ledger had it commit, and cancel"
            yield _finding("decided twice", text, transaction, "atomicity")
    for token, count in sorted(tokens.items()):
        if count > 1:
            text = f"token {token} has led to {count} commits"
            yield _finding("token applied twice", text, token, "idempotence of a token")
    for operation in evidence.operations:
        if operation.name != WRITE_TRANSACTION:
            continue
        token = operation.request["ClientRequestToken"]
        happened = committed[token, operation.call] > 0
        if operation.outcome == "committed" and not tokens[token]:
            text = f"{operation.call} was told 'committed', and the ledger never decided so"
            yield _finding("commit lost", text, operation.call, "durability")
        if operation.outcome == "cancelled" and happened:
            text = f"{operation.call} was told {operation.error}, and its transaction committed"
            yield _finding("cancelled and committed", text, operation.call, "atomicity")
    yield from check_tokens(evidence)


def check_tokens(evidence: Evidence) -> Iterator[Finding]:
    """Judge whom a token let through: a commit is told only to who asked for that very thing."""
    meant = {
        one.token: operation.request["TransactItems"]
        for one in evidence.decisions
        if one.commits and (operation := evidence.of(one)) is not None
    }
    for operation in evidence.operations:
        if operation.name == WRITE_TRANSACTION and operation.outcome == "committed":
            token = operation.request["ClientRequestToken"]
            if token in meant and meant[token] != operation.request["TransactItems"]:
                text = f"{operation.call} was told 'committed' of another's request"
                yield _finding(
                    "mismatch overlooked", text, operation.call, "idempotence of a token"
                )


def _finding(kind: str, text: str, about: str, refuted: str) -> Finding:
    return Finding("outcomes", kind, text, (about,), "", (refuted,))


def check_singletons(evidence: Evidence) -> Iterator[Finding]:
    """Judge the answers to singleton writes: nothing is told that no partition did or said."""
    applied = {one.request for one in evidence.applied}
    refused = {one.request: one.error for one in evidence.refused}
    for operation in evidence.operations:
        if operation.name not in SINGLETON_WRITES or operation.is_unknown:
            continue
        attempts = operation.attempts
        if not operation.error and not applied.intersection(attempts):
            text = f"{operation.call} ({operation.name}) was told 'done', and nobody did it"
            yield Finding("singletons", "write lost", text, (operation.call,))
        elif operation.error in BY_PARTITIONS and operation.error not in {
            refused.get(attempt) for attempt in attempts
        }:
            text = f"{operation.call} was told {operation.error}, which no partition has said"
            yield Finding("singletons", "refusal invented", text, (operation.call,))
