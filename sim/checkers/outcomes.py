"""What clients were told against what was decided: acknowledged is decided, cancelled has a reason.

Every answer 'committed' has its decision in the ledger and every answer 'cancelled' has none; a
token has led to one commit at most; and each reason of a cancellation was given by a partition, for
that very action, when it was true.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sim.checkers.finding import Finding
from sim.checkers.model import Json, Model
from sim.checkers.oracles import SINGLETON_WRITES, Evidence
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.witness import Rejected, Witness

# Given by whoever never heard of a partition, so no partition can bear witness.
BY_SILENCE = "ThrottlingError"
# Refusals of a singleton write that only the partition can know of.
BY_PARTITIONS = ("ConditionalCheckFailedException", "TransactionConflictException")


def check_outcomes(evidence: Evidence) -> Iterator[Finding]:
    """Judge the answers to write transactions by the decisions in the ledger."""
    committed = Counter((one.token, one.call) for one in evidence.decisions if one.commits)
    tokens = Counter(one.token for one in evidence.decisions if one.commits)
    ends = Counter(one.transaction for one in evidence.decisions)
    for transaction, count in sorted(ends.items()):
        if count > 1:
            text = f"{transaction} was decided both ways: the ledger had it commit, and cancel"
            yield Finding("outcomes", "decided twice", text, (transaction,))
    for token, count in sorted(tokens.items()):
        if count > 1:
            text = f"token {token} has led to {count} commits"
            yield Finding("outcomes", "token applied twice", text, (token,))
    for operation in evidence.operations:
        if operation.name != WRITE_TRANSACTION:
            continue
        token = operation.request["ClientRequestToken"]
        happened = committed[token, operation.call] > 0
        if operation.outcome == "committed" and not tokens[token]:
            text = f"{operation.call} was told 'committed', and the ledger never decided so"
            yield Finding("outcomes", "commit lost", text, (operation.call,))
        if operation.outcome == "cancelled" and happened:
            text = f"{operation.call} was told {operation.error}, and its transaction committed"
            yield Finding("outcomes", "cancelled and committed", text, (operation.call,))
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
                yield Finding("outcomes", "mismatch overlooked", text, (operation.call,))


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


def check_reasons(
    evidence: Evidence, witness: Witness, tables: tuple[Json, ...]
) -> Iterator[Finding]:
    """Judge each cancellation's reasons: as many as actions, each at its place, each true."""
    for transaction, lie in witness.lies:
        yield Finding("reasons", "reason untrue", f"{transaction}: {lie}", (transaction,))
    model = Model(tables)
    given: dict[tuple[str, str, object], set[str]] = defaultdict(set)
    for one in witness.all(Rejected):
        given[one.transaction, witness.table_names[one.table], one.key].add(one.code)
    transactions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for decision in evidence.decisions:
        if not decision.commits:
            transactions[decision.token, decision.call].append(decision.transaction)
    for operation in evidence.operations:
        if operation.is_transaction and operation.error == "TransactionCanceledException":
            yield from _shape(operation)
            if operation.name == WRITE_TRANSACTION:
                call = operation.request["ClientRequestToken"], operation.call
                yield from _placed(operation, model, given, transactions[call])


def _shape(operation: Operation) -> Iterator[Finding]:
    reasons = operation.reasons
    count = len(operation.request["TransactItems"])
    codes = [reason["Code"] for reason in reasons]
    wrong = ""
    if len(reasons) != count:
        wrong = f"{len(reasons)} reasons for {count} actions"
    elif not any(code != "None" for code in codes):
        wrong = "cancelled, and no reason says why"
    elif operation.name == READ_TRANSACTION and {*codes} - {"None", "TransactionConflict"}:
        wrong = f"a read transaction cancelled for {codes}"
    if wrong:
        text = f"{operation.call} ({operation.name}): {wrong}"
        yield Finding("reasons", "reasons misshapen", text, (operation.call,))


def _placed(
    operation: Operation,
    model: Model,
    given: dict[tuple[str, str, object], set[str]],
    transactions: list[str],
) -> Iterator[Finding]:
    for position, (step, reason) in enumerate(
        zip(model.steps(operation.request), operation.reasons, strict=False)
    ):
        table, key = step.place
        codes = {code for one in transactions for code in given[one, table, key]}
        code = reason["Code"]
        if code not in ("None", BY_SILENCE) and code not in codes:
            text = (
                f"{operation.call}: reason {position + 1} is {code}; of {table} {key} the"
                f" partition said {', '.join(sorted(codes)) or 'nothing of the kind'}"
            )
            yield Finding("reasons", "reason misplaced", text, (operation.call,))
