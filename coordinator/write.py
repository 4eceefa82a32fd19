"""One write transaction, from the first prepare to the last acknowledgement: Listing 2 (§3.3).

Read it from top to bottom; it is the protocol.  Retries and deadlines belong to `network.rpc`, the
record of how far a transaction has come to `coordinator.ledger`.  Recovery calls `drive` again for
what is undecided; `coordinator.recovery` has the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from coordinator.ledger import Entry, Ledger, State, Transaction
from coordinator.options import CoordinatorOptions
from coordinator.timestamps import Timestamps
from items.actions import Action
from items.data import data
from items.errors import (
    NONE,
    RESOURCE_NOT_FOUND,
    THROTTLING_ERROR_REASON,
    TRANSACTION_IN_PROGRESS,
    Reason,
)
from items.limits import TRANSACTION_ACTIONS_MAX, TRANSACTION_SIZE_BYTES_MAX
from items.units import weight_bytes
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Done,
    Failed,
    Finished,
    NotMine,
    Prepare,
    RecordKey,
    Reject,
    Vote,
    Votes,
)
from network.owners import Answers, Owners
from network.rpc import Peers

TABLE_UNKNOWN = Reason(RESOURCE_NOT_FOUND.name, RESOURCE_NOT_FOUND.message)
# Of whoever was silent until the coordinator gave up: the items are as if throttled.
SILENT = Reject(THROTTLING_ERROR_REASON, None)
Answer = Callable[[Finished | Failed], None]


@data
class Tools:
    """What driving a transaction takes."""

    peers: Peers
    ledger: Ledger
    timestamps: Timestamps
    options: CoordinatorOptions
    note: Callable[[str], None]
    owners: Owners


async def drive(transaction: Transaction, tools: Tools, answer: Answer) -> None:
    """Take a transaction that the ledger knows as PREPARING to its end.

    Any number of coordinators may drive one transaction at the same time (§3.5).  They may propose
    different ends; the ledger lets one of them decide, and all of them carry that out.
    """
    assert 1 <= len(transaction.actions) <= TRANSACTION_ACTIONS_MAX

    # PREPARING.  Every vote is awaited, even after the first no: a client is told every reason, and
    # a prepare that arrived behind our own cancel would leave a promise that only recovery ends.
    votes = await collect_votes(transaction, tools)

    # The commit point.  Before it either end is possible, after it only one is; so whatever
    # happens, nothing below this line gives up.
    entry = await tools.ledger.decide(transaction, reasons_for(votes))
    if entry is None:
        # Finished and purged behind our back: somebody else knows how it ended, we do not.
        tools.note("transaction.unknown")
        answer(Failed.of(TRANSACTION_IN_PROGRESS))
        return
    await finish(transaction, entry, tools, answer)


async def finish(
    transaction: Transaction, entry: Entry, tools: Tools, answer: Answer, *, replayed: bool = False
) -> None:
    """Carry out a decision: COMMITTING or CANCELLING, then COMPLETED."""
    assert entry.is_decided, "nothing is carried out before it is decided"
    finished = Finished(entry.reasons, replayed)
    if entry.state is State.COMPLETED:
        answer(finished)
        return
    assert entry.reasons == () or len(entry.reasons) == len(transaction.actions)

    order = Cancel if entry.is_cancelled else Commit
    keys = keys_of(transaction)

    def ordered(mine: Sequence[int]) -> Cancel | Commit:
        return order(transaction.id, tuple([keys[n] for n in mine]))

    # Whoever is told 'committed' reads what was written, so every commit is applied first (§3.3).
    # A cancellation has nothing to show; it waits a while, so that a retry finds the items free.
    options = tools.options
    patience = options.patience(options.answer_deadline_us)
    silent = without_answer(await tools.owners.ask(keys, ordered, patience))
    if not silent or entry.is_cancelled:
        answer(finished)
    else:
        answer(Failed.of(TRANSACTION_IN_PROGRESS))
    while silent:
        answers = await tools.owners.ask(keys, ordered, options.patience(None), silent)
        silent = without_answer(answers)

    # COMPLETED.  Losing this write costs a needless recovery, never an answer.
    await tools.ledger.complete(transaction, committed=not entry.is_cancelled)


def keys_of(transaction: Transaction) -> list[RecordKey]:
    return [(action.table, action.key) for action in transaction.actions]


def without_answer(answers: Iterable[tuple[Sequence[int], object]]) -> list[int]:
    """Return the positions of the actions of which nobody has said 'done'."""
    return sorted([n for mine, reply in answers if not isinstance(reply, Done) for n in mine])


async def collect_votes(transaction: Transaction, tools: Tools) -> list[Vote]:
    """Ask every partition to promise its actions, and return the votes in the request's order.

    Where a range has moved since, what was one partition's is asked of two, a vote an item as ever.
    """
    actions = transaction.actions

    def prepare(mine: Sequence[int]) -> Prepare:
        part = tuple([actions[n] for n in mine])
        return Prepare(transaction.id, transaction.entry, transaction.timestamp, part)

    patience = tools.options.patience(tools.options.votes_deadline_us)
    answers = await tools.owners.ask(keys_of(transaction), prepare, patience)
    return votes_in(answers, actions, tools.timestamps)


def votes_in(answers: Answers, actions: Sequence[Action], timestamps: Timestamps) -> list[Vote]:
    """Put each vote at its action's position."""
    votes: list[Vote] = [SILENT] * len(actions)
    for mine, reply in answers:
        match reply:
            case Votes(votes=theirs):
                for position, vote in zip(mine, theirs, strict=True):
                    votes[position] = vote
                    if isinstance(vote, Reject):
                        timestamps.shown(vote.in_the_way)
            case NotMine(table=table):
                for position in mine:
                    if actions[position].table == table:
                        votes[position] = Reject(TABLE_UNKNOWN, None)
            case _:
                pass
    return votes


def reasons_for(votes: Sequence[Vote]) -> tuple[Reason, ...]:
    """Return no reasons if everyone accepted; else one an action, at the action's place.

    An accepted action keeps its place with `None`, because clients read `CancellationReasons` by
    position.  A ValidationError is told alone, the first one only, as DynamoDB does: what is wrong
    with the request itself comes before what happened to it.
    """
    if all(isinstance(vote, Accept) for vote in votes):
        return ()
    reasons = [vote.reason if isinstance(vote, Reject) else NONE for vote in votes]
    codes = [reason.code for reason in reasons]
    if "ValidationError" in codes:
        first = codes.index("ValidationError")
        reasons = [reason if n == first else NONE for n, reason in enumerate(reasons)]
    assert any(reason.code != NONE.code for reason in reasons), "cancelled, and nobody is to blame"
    return tuple(with_items_up_to(TRANSACTION_SIZE_BYTES_MAX, reasons))


def with_items_up_to(bytes_max: int, reasons: Sequence[Reason]) -> Iterator[Reason]:
    """Leave out the items that an answer has no room for: the entry keeps it as well."""
    left = bytes_max
    for reason in reasons:
        left -= weight_bytes(reason.item)
        yield reason if left >= 0 else Reason(reason.code, reason.message)
