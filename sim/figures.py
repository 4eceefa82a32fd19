"""What a history comes to: outcomes, reasons, latencies, and operations to tell as examples.

All of it from one pass: a long run's history is large, and is kept packed.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from items.data import data
from sim.history import Operation

TOLD_TRANSACTIONS_MAX = 5
TOLD_MAX = 7  # With what is asked between them: the tutorial's opening has so many operations.
OF_TABLES = ("CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "ListTables")
# How a run begins, before its clients do.
SETTING_UP = ("CreateTable", "DescribeTable", "PutItem", "UpdateTable")


def is_setting_up(operation: Operation) -> bool:
    """Say whether an operation before which there were no others is of the set-up."""
    return operation.name in SETTING_UP


@data
class Percentiles:
    """Latencies in µs of virtual time: of so many in a hundred, none was longer."""

    p50: int
    p90: int
    p99: int


@data
class Figures:
    """What came of a run, in numbers and examples."""

    outcomes: Mapping[str, int]  # Of all transactions: committed, cancelled, unknown.
    reasons: Mapping[str, int]  # By code, the most frequent one first.
    transactions_us: Percentiles | None  # None: there were none.
    others_us: Percentiles | None  # Singletons and queries, set-up left out.
    others_count: int
    first: tuple[Operation, ...]  # The first operations, set-up left out, for people.
    examples: tuple[Operation, ...]  # The first transactions, for programs.


def figures_of(history: Iterable[Operation]) -> Figures:
    """Look at every operation once."""
    outcomes = Counter({"committed": 0, "cancelled": 0, "unknown": 0})
    reasons: Counter[str] = Counter()
    transactions_us, others_us = array("q"), array("q")
    first: list[Operation] = []
    examples: list[Operation] = []
    cancelled: Operation | None = None
    began = False
    for operation in history:
        began = began or not is_setting_up(operation)
        took_us = operation.returned_us - operation.invoked_us
        if began and len(first) < TOLD_MAX and transactions_in(first) < TOLD_TRANSACTIONS_MAX:
            first.append(operation)
        if not operation.is_transaction:
            if began and operation.name not in OF_TABLES:
                others_us.append(took_us)
            continue
        transactions_us.append(took_us)
        outcomes[operation.outcome] += 1
        reasons.update(one["Code"] for one in operation.reasons if one["Code"] != "None")
        if len(examples) < TOLD_TRANSACTIONS_MAX:
            examples.append(operation)
        if cancelled is None and operation.outcome == "cancelled":
            cancelled = operation
    return Figures(
        dict(outcomes),
        dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        percentiles(transactions_us),
        percentiles(others_us),
        len(others_us),
        with_cancelled(first, cancelled),
        with_cancelled(examples, cancelled),
    )


def transactions_in(operations: Sequence[Operation]) -> int:
    return sum(operation.is_transaction for operation in operations)


def with_cancelled(
    operations: Sequence[Operation], cancelled: Operation | None
) -> tuple[Operation, ...]:
    """Add the run's first cancelled transaction, unless one is there: one can learn from it."""
    there = (one.is_transaction and one.outcome == "cancelled" for one in operations)
    if cancelled is None or any(there):
        return tuple(operations)
    return (*operations, cancelled)


def percentiles(values: Sequence[int]) -> Percentiles | None:
    """Take percentiles by the nearest rank: each is a value that was there."""
    if not values:
        return None
    ordered = sorted(values)
    return Percentiles(*(nearest_rank(ordered, percent) for percent in (50, 90, 99)))


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Return the least value that so many in a hundred do not exceed; there is at least one."""
    return ordered[-(-len(ordered) * percent // 100) - 1]
