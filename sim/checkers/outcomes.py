"""What clients were told against what was decided: acknowledged is decided, cancelled is not.

Every answer 'committed' has its decision in the ledger and every answer 'cancelled' has none; a
token has led to one commit at most; and of a singleton nothing is told that no partition did, and
nothing is refused that one did.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from sim.checkers.evidence import SINGLETON_WRITES, Evidence
from sim.checkers.finding import Finding
from sim.checkers.model import Json
from sim.history import BATCH_WRITE, GIVEN_BACK, WRITE_TRANSACTION, Operation
from sim.witness import Decision

IDEMPOTENCE = "idempotence of a token"
MISMATCH = "IdempotentParameterMismatchException"
# Refusals that pass: a batch gives back what met one of them.
PASSING = ("TransactionConflictException", "ProvisionedThroughputExceededException")
# Refusals of a singleton write that only the partition can know of.
BY_PARTITIONS = (
    "ConditionalCheckFailedException",
    "ItemCollectionSizeLimitExceededException",
    *PASSING,
)


def check_outcomes(evidence: Evidence) -> Iterator[Finding]:
    """Judge the answers to write transactions by the decisions in the ledger."""
    committed = Counter((one.token, one.call) for one in evidence.decisions if one.commits)
    tokens = {one.token for one in evidence.decisions if one.commits}
    ends = Counter(one.transaction for one in evidence.decisions)
    for transaction, count in sorted(ends.items()):
        if count > 1:
            text = f"{transaction} was decided both ways: the ledger had it commit, and cancel"
            yield _finding("decided twice", text, transaction, "atomicity")
    yield from check_memory(evidence)
    for operation in evidence.operations:
        if operation.name != WRITE_TRANSACTION:
            continue
        token = operation.request["ClientRequestToken"]
        happened = committed[token, operation.call] > 0
        if operation.outcome == "committed" and token not in tokens:
            text = f"{operation.call} was told 'committed', and the ledger never decided so"
            yield _finding("commit lost", text, operation.call, "durability")
        if operation.outcome == "cancelled" and happened:
            text = f"{operation.call} was told {operation.error}, and its transaction committed"
            yield _finding("cancelled and committed", text, operation.call, "atomicity")
    yield from check_tokens(evidence)


def check_memory(evidence: Evidence) -> Iterator[Finding]:
    """Judge whether a token was remembered: once it has led to a commit, nothing is decided anew.

    For as long as it is valid, that is; afterwards the same token is another one.
    """
    first: dict[str, Decision] = {}
    twice: Counter[str] = Counter()
    for one in sorted(evidence.decisions, key=lambda one: one.number):
        before = first.get(one.token)
        if before is None or one.at_us - before.at_us >= evidence.token_valid_us:
            first.pop(one.token, None)
            if one.commits:
                first[one.token] = one
        elif one.commits:
            twice[one.token] += 1
        elif one.transaction != before.transaction:
            text = f"{one.call} was cancelled under token {one.token}, with which {before.call}"
            text = f"{text} had committed before"
            yield _finding("token forgotten", text, one.call, IDEMPOTENCE)
    for token, more in sorted(twice.items()):
        text = f"token {token} has led to {1 + more} commits"
        yield _finding("token applied twice", text, token, IDEMPOTENCE)


def check_tokens(evidence: Evidence) -> Iterator[Finding]:
    """Judge whom a token let through: a commit is told to who asked for that very thing.

    And to nobody else; a mismatch is told to nobody whose request was that of all others.
    """
    meant: dict[str, list[Json]] = defaultdict(list)
    for one in evidence.decisions:
        if one.commits and (operation := evidence.of(one)) is not None:
            meant[one.token].append(operation.request["TransactItems"])
    for token, calls in evidence.under_token.items():
        for operation in calls:
            mine = operation.request["TransactItems"]
            if operation.outcome == "committed" and token in meant and mine not in meant[token]:
                text = f"{operation.call} was told 'committed' of another's request"
                yield _finding("mismatch overlooked", text, operation.call, IDEMPOTENCE)
            elif operation.error == MISMATCH and not _may_mismatch(evidence, operation):
                text = f"{operation.call} was told of a mismatch, and its request was that of all"
                yield _finding("mismatch invented", text, operation.call, IDEMPOTENCE)


def _may_mismatch(evidence: Evidence, operation: Operation) -> bool:
    """Say whether another request had come under an operation's token before it was answered.

    Once a commit was told under the token, that is the request that it stands for.
    """
    mine = operation.request["TransactItems"]
    calls = evidence.under_token[operation.request["ClientRequestToken"]]
    for one in calls:
        is_over = one.outcome == "committed" and one.returned_us < operation.invoked_us
        if is_over and operation.returned_us - one.invoked_us < evidence.token_valid_us:
            return bool(one.request["TransactItems"] != mine)
    return any(
        one.request["TransactItems"] != mine and one.invoked_us <= operation.returned_us
        for one in calls
    )


def _finding(kind: str, text: str, about: str, refuted: str) -> Finding:
    return Finding("outcomes", kind, text, (about,), "", (refuted,))


def check_singletons(evidence: Evidence) -> Iterator[Finding]:
    """Judge the answers to singleton writes: nothing is told that no partition did or said.

    What was refused for good has no effect, also where a partition both did and refused it.
    """
    applied = {one.request for one in evidence.applied}
    refused = {one.request: one.error for one in evidence.refused}
    for operation in evidence.operations:
        if operation.name not in SINGLETON_WRITES or operation.is_unknown:
            continue
        attempts = operation.attempts
        if not operation.error and not applied.intersection(attempts):
            text = f"{operation.call} ({operation.name}) was told 'done', and nobody did it"
            yield Finding("singletons", "write lost", text, (operation.call,))
        elif operation.error and applied.intersection(attempts):
            is_given_back = operation.error == GIVEN_BACK
            told = "was given back" if is_given_back else f"was told {operation.error}"
            kind = "given back and done" if is_given_back else "refused and done"
            text = f"{operation.call} ({operation.name}) {told}, and was done"
            yield Finding("singletons", kind, text, (operation.call,))
        elif operation.error == GIVEN_BACK:
            yield from _given_back(operation, refused)
        elif operation.error in BY_PARTITIONS and operation.error not in {
            refused.get(attempt) for attempt in attempts
        }:
            text = f"{operation.call} was told {operation.error}, which no partition has said"
            yield Finding("singletons", "refusal invented", text, (operation.call,))
    for call in evidence.calls:
        if call.name == BATCH_WRITE:
            yield from _unasked(call)


def _unasked(batch: Operation) -> Iterator[Finding]:
    """Judge that a batch gives back what it was asked for, and each entry once."""
    asked = batch.request["RequestItems"]
    for table, entries in batch.answer.get("UnprocessedItems", {}).items():
        left = list(asked.get(table, ()))
        for entry in entries:
            if entry in left:
                left.remove(entry)
            else:
                text = f"{batch.call} was given back {entry} of {table}, and had not asked for that"
                yield Finding("singletons", "given back unasked", text, (batch.call,))


def _given_back(entry: Operation, refused: Mapping[str, str]) -> Iterator[Finding]:
    """Judge an entry that its batch gave back: a partition refused it."""
    (attempt,) = entry.attempts
    if refused.get(attempt) not in PASSING:
        text = f"{entry.call} ({entry.name}) was given back, and no partition had refused it"
        yield Finding("singletons", "refusal invented", text, (entry.call,))
