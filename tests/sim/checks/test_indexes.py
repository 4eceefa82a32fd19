"""The checker of secondary indexes: what it must refuse, and what only looks wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from items.to_json import item_to_json
from items.values import Item
from network.ids import Timestamp
from partition.record import Record
from partition.storage import Contents
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.indexes import check_indexes
from sim.indexes_seen import IndexesSeen, indexes_asked
from sim.mutants.catalogue import MUTANTS, applied
from sim.run import Run
from sim.scenario import load
from sim.workloads.task_list import TABLE


@pytest.fixture
def going() -> Run:
    settings = {"workload.transactions": "25", "faults.crashes": "0"}
    going = Run(load("indexes", {**settings, "faults.partition_splits": "0"}), 2)
    assert going.go().ok
    return going


def judged(going: Run, evidence: Evidence | None = None) -> list[Finding]:
    witness = going.witness
    assert witness.indexes is not None
    evidence = evidence or Evidence(going.history, witness, going.workload.tables)
    return list(check_indexes(witness.indexes, evidence, going.cluster))


def entries(going: Run) -> Iterator[tuple[Contents, Any, Record]]:
    for name in going.cluster.partitions:
        contents = going.cluster.disks[name].contents
        for key, record in list(contents.records.items()):
            if "#by-person" in key[0] and record.item:
                yield contents, key, record


def lost(contents: Contents, key: Any, _: Record) -> None:
    del contents.records[key]


def altered(contents: Contents, key: Any, record: Record) -> None:
    contents.records[key] = Record({**item_of(record), "due": ("N", "99")}, record.timestamp, 1)


def doubled(contents: Contents, key: Any, record: Record) -> None:
    other = ("S", "person-9"), *key[1][1:]
    item = {**item_of(record), "person": ("S", "person-9")}
    contents.records[key[0], other] = Record(item, record.timestamp, 1)


def item_of(record: Record) -> Item:
    assert record.item is not None
    return record.item


@pytest.mark.parametrize(
    ("change", "text"),
    [(lost, "is missing"), (altered, "instead of"), (doubled, "no item of Tasks is like that")],
)
def test_an_index_that_differs_from_its_table_in_calm_is_found(
    going: Run, change: Callable[..., None], text: str
) -> None:
    change(*next(entries(going)))

    findings = judged(going)

    assert {one.kind for one in findings} == {"index differs"}
    assert text in findings[0].explanation


def test_what_a_node_that_owns_nothing_knows_of_an_index_is_not_compared(going: Run) -> None:
    """The child of a split that was undone has been told of an index, and never of its end."""
    cluster = going.cluster
    contents, (index, _), _ = next(entries(going))
    child = cluster.add_for_split("p1")
    cluster.disks[child].contents.tables[index] = contents.tables[index]
    for name in cluster.partitions:
        if name != child:
            dropped(cluster.disks[name].contents, index)

    assert judged(going) == []


def test_an_index_that_only_some_have_dropped_is_compared(going: Run) -> None:
    contents, (index, _), _ = next(entries(going))
    dropped(contents, index)

    assert {one.kind for one in judged(going)} == {"index differs"}


def dropped(contents: Contents, index: str) -> None:
    contents.tables[index] = replace(contents.tables[index], dropped=True)
    for key in [key for key in contents.records if key[0] == index]:
        del contents.records[key]


def test_a_tombstone_is_no_entry(going: Run) -> None:
    contents, (table, _), _ = next(entries(going))
    gone = ("S", "person-0"), ("N", "1"), ("S", "team-9"), ("S", "task-9")
    contents.records[table, gone] = Record({}, Timestamp(5, "p1"), 1)

    assert judged(going) == []


def test_an_answer_that_shows_what_never_was_is_found(going: Run) -> None:
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    place, shown = next(
        (place, one)
        for place, one in enumerate(evidence.operations)
        if one.name == "Query" and one.request["IndexName"] == "by-person" and one.answer["Items"]
    )
    item = {**shown.answer["Items"][0], "version": {"S": "k9.9"}}
    items = [item, *shown.answer["Items"][1:]]
    evidence.operations[place] = shown._replace(answer={**shown.answer, "Items": items})

    (finding,) = judged(going, evidence)

    assert finding.kind == "entry invented"
    assert "k9.9" in finding.explanation


def test_an_answer_that_shows_what_was_not_in_the_index_is_found(going: Run) -> None:
    seen = going.witness.indexes
    assert seen is not None
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    versions, known = next(
        (versions, one)
        for versions in seen.versions.values()
        for one in versions
        if "person" in one
    )
    without: Item = {name: value for name, value in known.items() if name != "person"}
    versions.append(without)
    place, last = next(
        (place, one)
        for place, one in enumerate(evidence.operations)
        if one.name == "Query" and one.request["IndexName"] == "by-person"
    )
    answer = {"Items": [item_to_json(without)]}
    evidence.operations[place] = last._replace(answer=answer)

    assert [one.kind for one in judged(going, evidence)] == ["entry invented"]


def test_an_answer_that_shows_what_was_once_is_fine(going: Run) -> None:
    """Stale, twice the same item, in two versions of it: an index is eventually consistent."""
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    answers = [
        (place, one)
        for place, one in enumerate(evidence.operations)
        if one.name == "Query" and one.request["IndexName"] == "by-person" and one.answer["Items"]
    ]
    place, last = answers[-1]
    person = last.request["ExpressionAttributeValues"][":value"]
    everything = {
        (int(item["due"]["N"]), item["team"]["S"], item["task"]["S"]): item
        for _, one in answers
        for item in one.answer["Items"]
        if item["person"] == person
    }
    assert len(everything) > len(last.answer["Items"])
    request = {**last.request, "ScanIndexForward": True}
    request.pop("ExclusiveStartKey", None)
    items = [everything[key] for key in sorted(everything)]
    evidence.operations[place] = last._replace(request=request, answer={"Items": items})

    assert judged(going, evidence) == []


@pytest.mark.parametrize("name", ["indexes-are-not-sparse", "moved-items-stay"])
def test_the_checker_does_not_err_with_the_rules(name: str) -> None:
    """It works out for itself what is in an index, so that both cannot be wrong in one way."""
    with applied(MUTANTS[name]):
        going = Run(load("indexes", {"workload.transactions": "40"}), 1)
        kinds = {finding.kind for finding in going.go().findings}

    assert "index differs" in kinds


def test_the_indexes_that_a_table_asks_for_are_read() -> None:
    due, person, progress = indexes_asked(TABLE)

    assert (due.name, due.is_local, due.shows) == ("by-due", True, None)
    assert (person.name, person.is_local) == ("by-person", False)
    assert person.keys == (("person", "S"), ("due", "N"))
    assert progress.shows == ("progress", "team", "task", "version")
    seen = IndexesSeen([due, person], {"t": "Tasks"})
    assert seen.of("t#by-person#0") is person
    assert seen.of("t#outbox") is None
    assert seen.of("u#by-person#0") is None
