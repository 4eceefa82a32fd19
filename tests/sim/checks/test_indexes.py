"""The checker of secondary indexes: what it must refuse, and what only looks wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from items.indexes import INDEX_MARK, Index
from items.keys import KeyAttribute, KeySchema
from items.to_json import item_to_json
from items.values import Item
from network.ids import NEVER, TableId, Timestamp
from network.messages import Page, Scan
from partition import scan
from partition.key_order import of_partition_value
from partition.record import Record
from partition.storage import Changes, Contents
from router.definitions import IndexTraits, Status, Table, Traits
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.indexes import check_indexes, told_wrongly
from sim.cluster_run import Run
from sim.indexes_seen import IndexesSeen, indexes_asked, on_one_page
from sim.mutants.catalogue import MUTANTS, applied
from sim.scenario import load
from sim.workload import Json, Session
from sim.workloads.task_list import TABLE, TaskList
from tests.sim.test_history import error, operation


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
    answer = {"Items": [item_to_json(without)], "Count": 1, "ScannedCount": 1}
    evidence.operations[place] = last._replace(answer=answer)

    assert [one.kind for one in judged(going, evidence)] == ["entry invented"]


@pytest.mark.parametrize("shown", [["version"], ["team", "task", "due", "version"]])
def test_an_answer_that_shows_entries_in_part_is_not_judged(going: Run, shown: list[str]) -> None:
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    for place, one in enumerate(evidence.operations):
        if "IndexName" in one.request:
            items = [
                {name: item[name] for name in shown if name in item} for item in one.answer["Items"]
            ]
            request = {**one.request, "ProjectionExpression": ", ".join(shown)}
            evidence.operations[place] = one._replace(
                request=request, answer={**one.answer, "Items": items}
            )

    assert judged(going, evidence) == []


def test_an_index_that_is_not_there_shows_nothing_to_judge(going: Run) -> None:
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    place, one = next(
        (n, one) for n, one in enumerate(evidence.operations) if "IndexName" in one.request
    )
    request = {**one.request, "IndexName": "by-nothing"}
    evidence.operations[place] = one._replace(request=request, answer=error("ValidationException"))

    assert judged(going, evidence) == []


def test_an_entry_is_known_in_whatever_order_its_parts_are_told() -> None:
    seen = IndexesSeen([BY_PERSON], {"t": "Tasks"})
    own = ("S", "x"), ("S", "1")
    kept: Item = {"team": own[0], "task": own[1], "person": ("S", "ann"), "due": ("N", "1")}
    seen.versions["t", own] = [{**kept, "more": ("M", {"a": ("S", "1"), "b": ("S", "2")})}]
    told: Item = {"more": ("M", {"b": ("S", "2"), "a": ("S", "1")}), **kept}
    request = {"TableName": "Tasks", "IndexName": "by-person"}
    shown = operation(name="Scan", request=request, answer={"Items": [item_to_json(told)]})

    assert [*told_wrongly(seen, shown, {})] == []
    false = shown._replace(answer={"Items": [item_to_json({**told, "version": ("S", "9")})]})
    assert [one.kind for one in told_wrongly(seen, false, {})] == ["entry invented"]


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
    for name in ("ExclusiveStartKey", "Limit"):
        request.pop(name, None)
    items = [everything[key] for key in sorted(everything)]
    counts = dict.fromkeys(("Count", "ScannedCount"), len(items))
    evidence.operations[place] = last._replace(request=request, answer={"Items": items, **counts})

    assert judged(going, evidence) == []


# Indexes that come --------------------------------------------------------------------------------

BY_PERSON = next(one for one in indexes_asked(TABLE) if one.name == "by-person")
INDEX = f"t{INDEX_MARK}by-person{INDEX_MARK}2"


class Coming:
    """What the witness sees while an index is made."""

    def __init__(self) -> None:
        self.seen = IndexesSeen([BY_PERSON], {"t": "Tasks"})
        self._us = 0

    def write(self, task: str, **attributes: str) -> Item:
        """Write a task; without attributes it is deleted."""
        self._us += 1
        item = {"team": ("S", "x"), "task": ("S", task)}
        item |= {name: ("N" if name == "due" else "S", text) for name, text in attributes.items()}
        stamp = Timestamp(self._us, "c1")
        kept = Record(item if attributes else None, stamp, self._us)
        self._take("k1/1", ("t", (("S", "x"), ("S", task))), kept, stamp)
        return item

    def arrive(self, item: Item) -> None:
        kept = Record(item, Timestamp(self._us, "c1"), self._us)
        self._take("", (INDEX, BY_PERSON.place(item)), kept, NEVER)

    def _take(self, cause: str, key: Any, kept: Record, stamp: Timestamp) -> None:
        self.seen.durable("p1", Changes(cause, stamp, ((key, kept),), (), self._us), self._us)

    def define(self, status: Status) -> None:
        keys = KeySchema(KeyAttribute("person", "S"), KeyAttribute("due", "N"))
        traits = IndexTraits(Index("by-person", "", keys, "ALL"), status, born=2)
        own = KeySchema(KeyAttribute("team", "S"), KeyAttribute("task", "S"))
        whole = Status.ACTIVE if status is Status.ACTIVE else Status.UPDATING
        table = Table("Tasks", TableId("t"), whole, 0, Traits(own, indexes=(traits,)), 3)
        self.seen.defined(table)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.seen.lies]


def test_an_index_that_serves_has_what_was_there_before() -> None:
    coming = Coming()
    task = coming.write("1", person="ann", due="1")
    coming.write("2", due="1")  # Nobody's, and so not in it.
    coming.define(Status.CREATING)
    coming.arrive(task)
    coming.define(Status.ACTIVE)

    assert coming.kinds() == []


def test_an_index_that_serves_without_what_was_there_before_is_found() -> None:
    coming = Coming()
    coming.write("1", person="ann", due="1")
    coming.define(Status.CREATING)
    coming.define(Status.ACTIVE)

    ((kind, text),) = coming.seen.lies
    assert kind == "index incomplete"
    assert text.startswith("by-person is ACTIVE and has nothing of x/1, which was {")


def test_an_item_that_was_written_meanwhile_is_there_in_one_of_its_versions() -> None:
    coming = Coming()
    first = coming.write("1", person="ann", due="1", version="1")
    coming.define(Status.CREATING)
    coming.write("1", person="ann", due="1", version="2")
    coming.arrive(first)
    coming.define(Status.ACTIVE)

    assert coming.kinds() == []


def test_an_item_that_was_written_meanwhile_and_is_in_no_version_there_is_found() -> None:
    coming = Coming()
    coming.write("1", person="ann", due="1", version="1")
    coming.define(Status.CREATING)
    coming.write("1", person="ann", due="1", version="2")
    coming.define(Status.ACTIVE)

    assert coming.kinds() == ["index incomplete"]


@pytest.mark.parametrize("more", [{"person": "bob", "due": "1"}, {"due": "1"}, {}])
def test_what_moved_or_left_meanwhile_may_be_on_its_way(more: dict[str, str]) -> None:
    coming = Coming()
    coming.write("1", person="ann", due="1")
    coming.define(Status.CREATING)
    coming.write("1", **more)
    coming.write("2", person="ann", due="1")  # And so may what is new.
    coming.define(Status.ACTIVE)

    assert coming.kinds() == []


def test_an_index_that_has_served_is_not_judged_again() -> None:
    coming = Coming()
    coming.define(Status.CREATING)
    coming.define(Status.ACTIVE)
    coming.write("1", person="ann", due="1")
    coming.define(Status.ACTIVE)

    assert coming.kinds() == []


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


ASKED: dict[str, tuple[str, Json]] = {
    "=": (" AND due = :due", {}),
    "<": (" AND due < :due", {}),
    "<=": (" AND due <= :due", {}),
    ">": (" AND due > :due", {}),
    ">=": (" AND due >= :due", {}),
    "BETWEEN": (" AND due BETWEEN :due AND :due", {}),
    "filter": (" AND due >= :due", {"FilterExpression": "attribute_not_exists(person)"}),
}


def asks(monkeypatch: pytest.MonkeyPatch, condition: str, more: Json) -> Run:
    """Have tasks looked at by when they are due, in a way in which no workload asks."""

    async def ask_pages(
        self: TaskList, session: Session, operation: str, body: dict[str, Any]
    ) -> None:
        if body.get("IndexName") == "by-due":
            values = {**body["ExpressionAttributeValues"]}
            if condition:
                values[":due"] = {"N": "1"}
            text = body["KeyConditionExpression"] + condition
            said = {"KeyConditionExpression": text, "ExpressionAttributeValues": values}
            body = {**body, **said, **more}
        await ask(self, session, operation, body)

    ask = TaskList.ask_pages
    monkeypatch.setattr(TaskList, "ask_pages", ask_pages)
    return Run(load("indexes", {"workload.transactions": "40", "workload.looks": "0.8"}), 1)


@pytest.mark.parametrize(("condition", "more"), ASKED.values(), ids=list(ASKED))
def test_a_local_index_is_judged_however_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, condition: str, more: Json
) -> None:
    run = asks(monkeypatch, condition, more)

    assert run.go().findings == ()
    looks = [one for one in run.history if one.request.get("IndexName") == "by-due"]
    assert any(one.answer.get("Items") for one in looks)


def test_a_partition_that_heeds_no_sort_condition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "of_partition_value", lambda value, _: of_partition_value(value))

    kinds = {finding.kind for finding in asks(monkeypatch, " AND due < :due", {}).go().findings}

    assert "local index refuted" in kinds


def scans_by_due(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Have a local index scanned, which no workload does."""

    async def ask_pages(
        self: TaskList, session: Session, operation: str, body: dict[str, Any]
    ) -> None:
        if operation == "Scan":
            body = {**body, "IndexName": "by-due"}
        await ask(self, session, operation, body)

    ask = TaskList.ask_pages
    monkeypatch.setattr(TaskList, "ask_pages", ask_pages)
    return Run(load("indexes", {"workload.transactions": "40", "workload.looks": "0.8"}), 1)


def test_a_scan_of_a_local_index_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    run = scans_by_due(monkeypatch)

    assert run.go().findings == ()
    scans = [one for one in run.history if one.name == "Scan"]
    assert any(one.answer.get("Items") for one in scans)
    assert any(one.request.get("ExclusiveStartKey") for one in scans)


@pytest.mark.parametrize("change", ["another", "twice", "fewer"])
def test_a_scan_of_a_local_index_that_shows_what_is_not_so_is_found(
    monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def changed(asked: Scan, *more: Any) -> tuple[Page, int]:
        page, size = weighed_page(asked, *more)
        if asked.partition_value is not None or not page.items:
            return page, size
        first, *rest = page.items
        items = {
            "another": [{**first, "version": ("S", "0")}, *rest],
            "twice": [first, first, *rest[1:]],
            "fewer": rest,
        }[change]
        return replace(page, items=tuple(items), lsns=page.lsns[: len(items)]), size

    weighed_page = scan.weighed_page
    run = scans_by_due(monkeypatch)
    monkeypatch.setattr(scan, "weighed_page", changed)

    assert "local index refuted" in {finding.kind for finding in run.go().findings}


def test_a_page_ends_behind_the_item_that_fills_it() -> None:
    items: list[Item] = [{"a": ("S", "x" * 9)}] * 5  # Ten bytes each.

    assert [len(on_one_page(items, size)) for size in (1, 10, 11, 50)] == [1, 1, 2, 5]
