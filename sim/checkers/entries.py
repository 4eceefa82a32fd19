"""Batches as the service promises them: each entry is a singleton of its own, and no more (§2.2).

An entry has its batch's interval and its batch's attempts.  It was carried out if the batch was
answered and did not give it back; given back, it had no effect.  Where a batch has no answer, or an
error for one, each entry may have happened or not: it may be another one that was refused.  A batch
that a client sends again is another one.

Left out: what a BatchGetItem read, where its answer does not show whole items.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from network.messages import RecordKey
from sim.checkers.model import UNFIT, Json, Model, Place
from sim.checkers.page_ends import asks_for_all
from sim.history import BATCH_READ, BATCH_WRITE, GIVEN_BACK, Operation
from sim.witness import Applied, ReadAt, Refused

KINDS = {"PutRequest": "PutItem", "DeleteRequest": "DeleteItem"}
Single = tuple[int, str, Json, Json]  # Number, operation, request and answer.
MARK = "."  # Between a batch's name and the number of an entry.
Note = TypeVar("Note", Applied, Refused)


class Entries:
    """The operations of a history: its calls, and the entries of its batches.

    A batch of writes gives way to its entries.  One of reads stays beside them, for whoever judges
    its answer as a whole.
    """

    def __init__(
        self, calls: Iterable[Operation], requests: Model, place_of: Callable[[RecordKey], Place]
    ) -> None:
        self.operations: list[Operation] = []
        self._place_of = place_of
        self._names: dict[tuple[str, Place], str] = {}
        for call in calls:
            if call.name != BATCH_WRITE:
                self._add(call)
            for entry in entries_of(call, requests):
                self._add(entry)
                with suppress(*UNFIT):  # A batch is refused for it, and nobody stores the entry.
                    place = requests.place(entry.name, entry.request)
                    for attempt, name in zip(call.attempts, entry.attempts, strict=True):
                        self._names[attempt, place] = name

    def _add(self, operation: Operation) -> None:
        self.operations.append(operation._replace(place=len(self.operations)))

    def name(self, attempt: str, *keys: RecordKey) -> str:
        """Return what an attempt is called where it is about one of these items."""
        if self._names:  # Most runs have no batches.
            for key in keys:
                name = self._names.get((attempt, self._place_of(key)))
                if name is not None:
                    return name
        return attempt

    def named(self, note: Note, *keys: RecordKey) -> Note:
        """Return what was noted of an attempt, about these items, under the name of its entry."""
        name = self.name(note.request, *keys)
        return note if name == note.request else note._replace(request=name)

    def of_read(self, read: ReadAt) -> Iterator[ReadAt]:
        """Give what was read at once; of a batch also what each entry has read of it."""
        yield read
        if self._names:
            for key, ongoing, lsn in zip(read.keys, read.ongoing, read.lsns, strict=True):
                name = self.name(read.request, key)
                if name != read.request:
                    yield ReadAt(read.number, name, read.round, (ongoing,), (lsn,), (key,))


def batch_of(name: str) -> str:
    """Return the name of a call or an attempt; of an entry that of its batch."""
    return name.partition(MARK)[0]


def entries_of(call: Operation, requests: Model) -> Iterator[Operation]:
    """Give the entries of a batch as singletons, those of reads if they were answered."""
    singles: Iterable[Single] = ()
    if call.name == BATCH_WRITE:
        singles = _writes(call)
    elif call.name == BATCH_READ and call.outcome == "committed":
        singles = _reads(call, requests)
    for n, name, request, answer in singles:
        yield call._replace(
            name=name,
            request=request,
            call=f"{call.call}{MARK}{n}",
            attempts=[f"{attempt}{MARK}{n}" for attempt in call.attempts],
            status=call.status if call.outcome == "committed" else 0,
            answer=answer,
        )


def _writes(batch: Operation) -> Iterator[Single]:
    """Give the entries of a BatchWriteItem, counted from 1."""
    asked = [(table, one) for table, some in batch.request["RequestItems"].items() for one in some]
    given_back = batch.answer.get("UnprocessedItems", {})
    for n, (table, entry) in enumerate(asked, 1):
        answer = {"__type": GIVEN_BACK} if entry in given_back.get(table, ()) else {}
        for kind, given in entry.items():
            yield n, KINDS[kind], {"TableName": table, **given}, answer


def _reads(batch: Operation, requests: Model) -> Iterator[Single]:
    """Give the entries of a BatchGetItem that were not given back."""
    asked = batch.request["RequestItems"]
    told = {
        requests.place("PutItem", {"TableName": table, "Item": item}): item
        for table, items in batch.answer.get("Responses", {}).items()
        if table in asked and asks_for_all(asked[table])
        for item in items
    }
    keys = [(table, key) for table, about in asked.items() for key in about["Keys"]]
    for n, (table, key) in enumerate(keys, 1):
        given_back = batch.answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        if asks_for_all(asked[table]) and key not in given_back:
            request = {"TableName": table, "Key": key}
            if asked[table].get("ConsistentRead"):
                request["ConsistentRead"] = True
            item = told.get(requests.place("GetItem", request))
            yield n, "GetItem", request, {} if item is None else {"Item": item}
