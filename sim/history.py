"""What clients saw: each operation with its request, its answer, and when both happened.

An operation is a call under one token with all its attempts, or one attempt of a singleton.  Only
the latest attempt's answer counts.  An operation without a definite answer is *unknown*: it may
have happened, before or after its last attempt, or not at all; it is neither dropped nor guessed.
Calls that share a token are an operation each; `one_a_request` makes one of those that ask for the
same.

Kept packed, a few hundred bytes an operation, because long runs are judged by their whole history.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from items.errors import CATALOGUE
from network.codec import pack, unpack
from sim.packed import Packed

FOR_THE_CALL = ("TransactionCanceledException", "IdempotentParameterMismatchException")
ELSEWHERE = "k0"  # Stands for all clients of other regions.
OUTCOMES = ("committed", "unknown", "cancelled")
WRITE_TRANSACTION, READ_TRANSACTION = "TransactWriteItems", "TransactGetItems"
BATCH_WRITE, BATCH_READ = "BatchWriteItem", "BatchGetItem"
# In place of an error, of a batch's entry that was not carried out.
GIVEN_BACK = "UnprocessedItems"


class Operation(NamedTuple):
    """One entry of a history."""

    place: int  # In the history.
    client: str
    name: str  # The API's name for it.
    request: Mapping[str, Any]
    call: str
    invoked_us: int
    returned_us: int
    attempts: list[str]  # The request ids under which it travelled, the latest one last.
    status: int  # 0: no answer.
    answer: Mapping[str, Any]

    @property
    def error(self) -> str:
        """The answer's error by name; empty if there is none."""
        name = self.answer.get("__type")
        return "" if name is None else str(name).rpartition("#")[2]

    @property
    def is_unknown(self) -> bool:
        if self.status == 0:
            return True
        if "__type" not in self.answer:
            return False
        # An attempt that was refused at the door says nothing about earlier ones, still on their
        # way; only the ledger speaks for the whole call.
        if len(self.attempts) > 1 and self.error not in FOR_THE_CALL:
            return True
        return self.error != GIVEN_BACK and not CATALOGUE[self.error].definite

    @property
    def is_transaction(self) -> bool:
        return self.name in (WRITE_TRANSACTION, READ_TRANSACTION)

    @property
    def outcome(self) -> str:
        """Say how it ended: committed, cancelled (or refused), unknown."""
        if self.is_unknown:
            return "unknown"
        return "cancelled" if self.error else "committed"

    @property
    def reasons(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = list(self.answer.get("CancellationReasons", ()))
        return found


class History:
    """All operations of a run, in the order of their answers."""

    def __init__(self) -> None:
        self._packed = Packed()

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, operation: Operation) -> None:
        self._packed.add(pack(operation))

    def __iter__(self) -> Iterator[Operation]:
        return map(_operation, self._packed)

    def since(self, place: int) -> Iterator[Operation]:
        """Give the operations from a place on, for who looks again and again."""
        return map(_operation, self._packed.since(place))


def one_a_request(operations: Iterable[Operation]) -> list[Operation]:
    """Make one operation of all calls that ask for the same under one token (§2.3).

    For whoever looks from outside: these calls have one effect together, at some moment after the
    first of them was asked for, and before any of them was told 'committed'.
    """
    calls: dict[tuple[str, bytes], list[Operation]] = defaultdict(list)
    found = []
    for one in operations:
        if one.name == WRITE_TRANSACTION:
            calls[_asked(one)].append(one)
        else:
            found.append(one)
    for (token, _), group in calls.items():
        # As they were answered: the first that was told 'committed', else one that may have been.
        first = min(group, key=lambda one: OUTCOMES.index(one.outcome))
        if len(group) > 1:
            first = first._replace(client=token, invoked_us=min(one.invoked_us for one in group))
        found.append(first)
    return sorted(found, key=lambda one: one.place)


def _asked(operation: Operation) -> tuple[str, bytes]:
    """Return what calls have in common that are to have one effect: token and request."""
    token = operation.request.get("ClientRequestToken", operation.call)
    return token, pack(operation.request.get("TransactItems"))


def _operation(packed: bytes) -> Operation:
    return Operation(*unpack(packed, lists=True))
