"""Pages of indexes: answers that are false in one place, and what only may have been there."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from network.ids import NEVER, Timestamp
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.index_pages import check_index_pages
from sim.cluster_run import Run
from sim.entries_seen import EntryLife
from sim.history import Operation
from sim.indexes_seen import IndexesSeen
from sim.scenario import load

SEED = 2
SEEDS, SEEDS_SOAK = 2, 100
LOOKING = {"workload.looks": "0.6", "workload.transactions": "80"}
Json = Mapping[str, Any]


@pytest.fixture(scope="module")
def ran() -> Run:
    run = Run(load("indexes", {**LOOKING, "faults.crashes": "0"}), SEED)
    assert run.go().ok
    return run


class Story:
    """A run that is over, whose answers can be falsified one by one."""

    def __init__(self, ran: Run) -> None:
        assert ran.witness.indexes is not None
        self.seen: IndexesSeen = ran.witness.indexes
        self.evidence = Evidence(ran.history, ran.witness, ran.workload.tables)

    def findings(self) -> list[Finding]:
        return list(check_index_pages(self.seen, self.evidence))

    def falsify(self, index: str, change: Callable[[list[Json]], list[Json]]) -> Operation:
        """Change the items of the last long answer from an index, all of which it told."""
        old = max(
            (
                one
                for one in self.evidence.operations
                if one.request.get("IndexName") == index
                and one.outcome == "committed"
                and "LastEvaluatedKey" not in one.answer
            ),
            key=lambda one: (len(one.answer["Items"]), one.place),
        )
        assert len(old.answer["Items"]) > 1
        items = change(list(old.answer["Items"]))
        counts = dict.fromkeys(("Count", "ScannedCount"), len(items))
        return self.replace(old, {**old.answer, **counts, "Items": items})

    def replace(self, old: Operation, answer: Json) -> Operation:
        operations = self.evidence.operations
        new = old._replace(answer=answer)
        operations[operations.index(old)] = new
        return new


@pytest.fixture
def story(ran: Run) -> Story:
    return Story(ran)


INDEXES = pytest.mark.parametrize("index", ["by-due", "by-person", "by-progress"])


def test_the_true_story_has_no_finding(story: Story) -> None:
    assert story.findings() == []


@INDEXES
@pytest.mark.parametrize("place", [0, -1])
def test_an_entry_that_is_left_out_is_found_and_told(story: Story, index: str, place: int) -> None:
    false = story.falsify(index, lambda items: [one for one in items if one is not items[place]])

    (finding,) = story.findings()
    assert (finding.checker, finding.kind) == ("indexes", "entry left out")
    assert finding.transactions == (false.call,)
    assert f"({false.call}) leaves out {index} " in finding.explanation


@INDEXES
@pytest.mark.parametrize(
    "change",
    [lambda items: [*items, items[-1]], lambda items: items[::-1]],
    ids=["twice", "backwards"],
)
def test_entries_out_of_their_order_are_found(story: Story, index: str, change: Any) -> None:
    story.falsify(index, change)

    (finding,) = story.findings()
    assert finding.kind == "page out of order"


def test_an_entry_of_another_partition_key_is_found(story: Story) -> None:
    story.falsify("by-due", lambda items: [{**one, "team": {"S": "team-9"}} for one in items])

    assert {"page out of order", "entry left out"} == {one.kind for one in story.findings()}


def test_what_lies_behind_the_end_of_a_page_is_not_missed(story: Story) -> None:
    false = story.falsify("by-due", lambda items: items[:1])
    assert story.findings()

    (item,) = false.answer["Items"]
    key = {name: item[name] for name in ("team", "due", "task")}
    story.replace(false, {**false.answer, "LastEvaluatedKey": key})

    assert story.findings() == []


def test_a_local_index_that_shows_what_has_gone_is_found(story: Story) -> None:
    entries = story.seen.entries.in_order(("Tasks", "by-due"))
    gone, life = next(
        (key, life)
        for _, key, life in entries
        if life.was_there(1 << 40, 1 << 40) is False and len(key) > 1
    )
    names = ("team", "due", "team", "task")
    item = {name: {kind: content} for name, (kind, content) in zip(names, gone, strict=True)}
    last = max(
        (one for one in story.evidence.operations if one.request.get("IndexName") == "by-due"),
        key=lambda one: one.returned_us,
    )
    assert life.was_there(last.invoked_us, last.returned_us) is False
    request = {
        **last.request,
        "KeyConditionExpression": "team = :value",
        "ExpressionAttributeValues": {":value": item["team"]},
    }
    request.pop("ExclusiveStartKey", None)
    operations = story.evidence.operations
    false = last._replace(request=request, answer={"Items": [item], "Count": 1, "ScannedCount": 1})
    operations[operations.index(last)] = false

    assert "entry outlived" in {one.kind for one in story.findings()}


def test_what_a_table_that_is_dropped_leaves_out_is_not_judged(story: Story, ran: Run) -> None:
    story.falsify("by-person", lambda items: items[1:])
    story.seen.dropped.add("Tasks")
    try:
        assert story.findings() == []
    finally:
        story.seen.dropped.clear()


# What only may have been there --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("noted", "was_there"),
    [
        ([], False),
        ([(90, True)], True),
        ([(100, True)], True),
        ([(150, True)], None),
        ([(200, True)], None),
        ([(210, True)], False),
        ([(80, True), (90, False)], False),
        ([(90, True), (150, False)], None),
        ([(90, True), (150, True)], True),
        ([(90, True), (210, False)], True),
    ],
)
def test_only_what_was_durable_all_the_while_is_asked_for(
    noted: list[tuple[int, bool]], was_there: bool | None
) -> None:
    life = EntryLife()
    for now_us, is_there in noted:
        life.note(now_us, NEVER, is_there=is_there)

    assert life.was_there(100, 200) is was_there


def test_a_late_copy_of_an_entry_that_went_brings_nothing_back() -> None:
    life = EntryLife()
    for us, version, is_there in ((10, 1, True), (20, 2, False), (30, 1, True)):
        life.note(us, Timestamp(version, "p1"), is_there=is_there)

    assert life.was_there(40, 50) is False


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"faults.all": "1"}, {"faults.partition_splits": "4"}])
def test_the_unbroken_protocol_has_no_finding(more: dict[str, str], soak: bool) -> None:
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = Run(load("indexes", {**LOOKING, **more}), seed).go()
        assert "indexes" in result.checks
        assert result.findings == ()
