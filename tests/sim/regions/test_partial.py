"""A part of another region's transaction, seen by one reader: found where it is, and only there."""

from collections.abc import Mapping
from typing import Any

from items.keys import Key
from network.ids import Version
from sim.history import Operation
from sim.regions.figures import Anomaly
from sim.regions.partial import partial_reads
from sim.regions.seen import ItemWrite
from sim.regions.whose import RegionSeen
from sim.witness import ReadAt

A: tuple[str, Key] = ("T", (("S", "a"),))
B: tuple[str, Key] = ("T", (("S", "b"),))
WHOLE = Version(20, "us", "c1")  # Of a transaction that writes a and b in us.


def written(number: int, place: tuple[str, Key], version: Version, cause: str) -> ItemWrite:
    item = {"k": place[1][0], "v": ("S", str(version))}
    return ItemWrite(number, 1_000 * number, place, version, None, item, cause)


def operation(name: str, call: str, request: Mapping[str, Any], answer: Any) -> Operation:
    return Operation(0, "k1", name, request, call, 5, 900, [call.replace("/", "#")], 200, answer)


class Saw:
    """What is asked of a `RegionWitness`."""

    def __init__(self, writes: list[ItemWrite], reads: list[ReadAt]) -> None:
        self.writes, self._reads = writes, reads
        self.witness = self
        self.table_names = {"t": "T"}

    def all(self, _: type) -> list[ReadAt]:
        return self._reads

    def gets(self, _: Any) -> list[tuple[tuple[str, Key], Mapping[str, Any]]]:
        return [(A, {}), (B, {})]


def region(name: str, writes: list[ItemWrite], **more: Any) -> RegionSeen:
    by_place: dict[tuple[str, Key], list[ItemWrite]] = {}
    for write in writes:
        by_place.setdefault(write.place, []).append(write)
    by_version = {(one.place, one.version): one for one in writes}
    saw: Any = Saw(writes, more.get("reads", []))
    operations, by_cause = more.get("operations", ()), more.get("by_cause", {})
    return RegionSeen(name, operations, by_cause, by_place, by_version, saw)


def shown(write: ItemWrite | None) -> dict[str, Any]:
    if write is None or write.item is None:
        return {}
    return {"Item": {name: {kind: text} for name, (kind, text) in write.item.items()}}


def found(of_a: ItemWrite | None, of_b: ItemWrite | None, number: int = 50) -> list[Anomaly]:
    """Look for anomalies where a reader in eu finds a and b like this."""
    writer = operation("TransactWriteItems", "k1/1", {}, {})
    home = region(
        "us",
        [written(1, A, WHOLE, "t1"), written(1, B, WHOLE, "t1")],
        by_cause={"t1": writer},
    )
    answer = {"Responses": [shown(of_a), shown(of_b)]}
    reader = operation("TransactGetItems", "k1/2", {}, answer)
    keys = (("t", A[1]), ("t", B[1]))
    away = region(
        "eu",
        [write for write in (of_a, of_b) if write is not None],
        operations=(reader,),
        reads=[ReadAt(number, "k1#2", 1, (None, None), (1, 1), keys)],
    )
    return list(partial_reads([home, away]))


def test_one_item_as_a_transaction_left_it_and_another_as_before_is_a_part_of_it() -> None:
    before = written(3, B, Version(10, "eu", "c1"), "")

    (anomaly,) = found(written(4, A, WHOLE, ""), before)

    assert anomaly.calls == ("us.k1/1", "eu.k1/2")
    assert "It found T b as it was before" in anomaly.explanation


def test_an_item_that_is_not_there_yet_is_before_it_as_well() -> None:
    assert len(found(written(4, A, WHOLE, ""), None)) == 1


def test_the_whole_of_it_is_no_part() -> None:
    assert found(written(4, A, WHOLE, ""), written(5, B, WHOLE, "")) == []


def test_what_was_written_later_than_it_is_no_part() -> None:
    later = written(6, B, Version(30, "eu", "c1"), "")

    assert found(written(4, A, WHOLE, ""), later) == []


def test_none_of_it_is_no_part() -> None:
    before = [written(3, place, Version(10, "eu", "c1"), "") for place in (A, B)]

    assert found(before[0], before[1]) == []
