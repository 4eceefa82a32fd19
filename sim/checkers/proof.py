"""The proof of a green run: the order that the checks found, for somebody else to check again.

Each operation that happened, in the order of instants, with what it found and what it left; the
committed writers with their timestamps besides.  A verifier needs to know nothing of the protocol
or of expressions: values are opaque to it, a read must find what the last write before it left.

It proves that these operations, with these effects, are serializable, in the order of instants and
the writers also in the order of timestamps, and that real time is kept.  That the effects are what
the requests say, and that these are all operations of the run, only the run itself can show.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from items.to_json import item_to_json
from items.values import Item
from sim.checkers.all import data_of
from sim.checkers.evidence import Evidence
from sim.checkers.instants import Instants, Line, Seen
from sim.checkers.model import Json, Place
from sim.cluster import Cluster
from sim.history import History
from sim.witness import Witness

VERSION = 1
Entry = Mapping[str, Any]


def proof_of(
    history: History, witness: Witness, cluster: Cluster, tables: Iterable[Json]
) -> Iterator[Entry]:
    """Give the lines of a proof between header and seal."""
    evidence = Evidence(history, witness, tables)
    for n, line in enumerate(Instants(evidence).in_order(), 1):
        yield {"n": n, **_entry(line)}
    data = data_of(cluster, witness)
    yield {"data": [_seen((place, data[place])) for place in sorted(data, key=repr)]}


def _entry(line: Line) -> dict[str, Any]:
    operation = line.operation
    return {
        "call": operation.call,
        "f": operation.name,
        "invoked_us": operation.invoked_us,
        "returned_us": None if operation.is_unknown else operation.returned_us,
        "timestamp": None if line.stamp is None else list(line.stamp),
        "reads": [_seen(seen) for seen in line.reads],
        "writes": [
            _seen(after)
            for before, after in zip(line.reads, line.writes, strict=False)
            if after[1] is not before[1]
        ],
    }


def _seen(seen: Seen) -> list[Any]:
    place, item = seen
    return [_place(place), _value(item)]


def _place(place: Place) -> list[Any]:
    table, key = place
    return [table, *item_to_json({str(n): value for n, value in enumerate(key)}).values()]


def _value(item: Item | None) -> Any:
    return None if item is None else item_to_json(item)
