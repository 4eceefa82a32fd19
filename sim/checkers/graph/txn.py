"""What the graph checker is given, and what it answers: transactions in, anomalies out.

A transaction is its reads and writes, in its own order, and its place in real time.  Nothing here
knows of DynamoDB: histories of any system can be put so.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from items.data import data

Key = Hashable
Value = Hashable | Sequence[Hashable]
TxnId = int | str
Op = tuple[str, Key, Value]  # ("r", key, value), ("w", key, value) or ("append", key, value).
VersionOrders = Mapping[Key, Sequence[Hashable]]

READ, WRITE, APPEND = "r", "w", "append"
OK, FAIL, INFO = "ok", "fail", "info"
SERIALIZABLE, STRICT, LINEARIZABLE = "serializable", "strict-serializable", "linearizable"
MODELS = (SERIALIZABLE, STRICT, LINEARIZABLE)
NEVER = 1 << 62  # Later than every place in real time.
TEXT_SHOWN_MAX = 60  # Characters of a key or a value, in a sentence.


class Truth:
    """True or false as a key: Python would take true for 1."""

    def __init__(self, told: str) -> None:
        self._told = told

    def __repr__(self) -> str:
        return self._told


TRUE, FALSE = Truth("true"), Truth("false")


class Txn(NamedTuple):
    """One transaction, as whoever asked for it saw it."""

    id: TxnId
    # A register read of None found the initial version, a list read of None the empty list.
    # Written values are unique for their key.
    ops: Sequence[Op]
    # Places in real time: integers on any one scale.
    invoked: int
    returned: int | None  # None: it never returned, or nobody knows what became of it.
    status: str  # "ok" happened, "fail" did not, "info" may have.


def shortened(text: str) -> str:
    """Leave out of a text what a sentence has no room for."""
    return text if len(text) <= TEXT_SHOWN_MAX else f"{text[:TEXT_SHOWN_MAX]} …"


class HistoryError(Exception):
    """Says why these transactions are no history that can be judged.

    `transaction` is the number of the one that is wrong, counted from 0 as they were given;
    `is_answer` says that it is what it was told, not what it asked for.
    """

    def __init__(self, transaction: int, text: str, *, is_answer: bool = False) -> None:
        super().__init__(text)
        self.transaction, self.is_answer = transaction, is_answer


@data
class Precedes:
    """One step of an explanation: who must come before whom, and by what evidence."""

    first: TxnId
    then: TxnId
    kind: str  # ww, wr, rw or rt (real time).
    because: str


@data
class Anomaly:
    """What no serial order can explain, with the smallest evidence that was found."""

    type: str
    explanation: str
    transactions: tuple[TxnId, ...]
    refutes: tuple[str, ...]
    possible: tuple[str, ...]  # The strongest of what this one anomaly does not refute.
    steps: tuple[Precedes, ...] = ()  # Of a cycle: what contradicts itself, head to tail.


@data
class Report:
    """What became of a check."""

    model: str
    transactions: int
    anomalies: tuple[Anomaly, ...]
    undecided: str = ""  # Why there is no verdict, if there is none.
    left_out: int = 0  # Anomalies beyond what is reported of each type.

    @property
    def valid(self) -> bool | None:
        """Whether the model holds; None where that could not be decided."""
        if self.anomalies:
            return False
        return None if self.undecided else True
