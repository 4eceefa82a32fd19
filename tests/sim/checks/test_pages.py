"""Query, Scan and BatchGetItem against what was there: answers that are false in one place."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from network.messages import Scan
from partition import scan
from sim.checkers.evidence import Evidence, Version
from sim.checkers.finding import Finding
from sim.checkers.lifetimes import Lifetime
from sim.checkers.pages import check_pages
from sim.cluster_run import Run
from sim.history import Operation
from sim.scenario import load

SEED = 3
SEEDS, SEEDS_SOAK = 2, 100
COUNTS = ("Count", "ScannedCount")
STRONG = {"workload.strong": "0.6", "workload.transactions": "80"}
SCORES = "scores"
Json = Mapping[str, Any]


class Story:
    """A run that is over, whose answers can be falsified one by one."""

    def __init__(self, more: Mapping[str, str] = {}) -> None:
        run = Run(load("stale-reads", {**STRONG, **more}), SEED)
        assert run.go().ok
        self.evidence = Evidence(run.history, run.witness, run.workload.tables)

    def findings(self) -> list[Finding]:
        return list(check_pages(self.evidence))

    def falsify(self, name: str, change: Callable[[list[Json]], list[Json]]) -> Operation:
        """Change the items of the longest strong answer to a kind of request."""
        strong = [
            one
            for one in self.evidence.operations
            if one.name == name and one.outcome == "committed" and not self.evidence.is_late(one)
        ]
        old = max(strong, key=lambda one: len(items_of(one)))
        items = change(items_of(old))
        answer = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        new = old._replace(answer={"Responses": {SCORES: items}} if name == BATCH else answer)
        operations = self.evidence.operations
        operations[operations.index(old)] = new
        return new


BATCH = "BatchGetItem"


def items_of(operation: Operation) -> list[Json]:
    answer = operation.answer
    found: list[Json] = answer["Responses"][SCORES] if operation.name == BATCH else answer["Items"]
    return list(found)


@pytest.fixture(scope="module")
def ran() -> Story:
    return Story()


@pytest.fixture
def story(ran: Story) -> Story:
    copy = Story.__new__(Story)
    copy.evidence = ran.evidence
    copy.evidence.operations = list(ran.evidence.operations)
    return copy


@pytest.fixture(autouse=True)
def _as_it_was(ran: Story) -> Any:
    operations, late = list(ran.evidence.operations), set(ran.evidence.late)
    yield
    ran.evidence.operations, ran.evidence.late = operations, late


def test_the_true_story_has_no_finding(story: Story) -> None:
    assert story.findings() == []


@pytest.mark.parametrize("name", ["Query", "Scan", BATCH])
@pytest.mark.parametrize("place", [0, -1])
def test_an_item_that_is_left_out_is_found_and_told(story: Story, name: str, place: int) -> None:
    false = story.falsify(name, lambda items: [one for one in items if one is not items[place]])

    (finding,) = story.findings()
    assert (finding.checker, finding.kind) == ("pages", "item left out")
    assert finding.transactions == (false.call,)
    assert f"{name} ({false.call}) leaves out scores game" in finding.explanation


@pytest.mark.parametrize("name", ["Query", "Scan"])
@pytest.mark.parametrize(
    "change",
    [lambda items: [*items, items[-1]], lambda items: items[::-1]],
    ids=["twice", "backwards"],
)
def test_items_out_of_their_order_are_found(story: Story, name: str, change: Any) -> None:
    story.falsify(name, change)

    (finding,) = story.findings()
    assert finding.kind == "page out of order"


def test_an_item_of_another_partition_key_is_found(story: Story) -> None:
    def moved(items: list[Json]) -> list[Json]:
        return [{**one, "game": {"S": "game99"}} for one in items]

    story.falsify("Query", moved)

    assert {"page out of order", "item left out"} == {one.kind for one in story.findings()}


def test_an_item_that_was_never_there_is_found(story: Story) -> None:
    other = {"game": {"S": "game0"}, "player": {"S": "player9"}}
    false = story.falsify(BATCH, lambda items: [*items, other])
    asked = false.request["RequestItems"][SCORES]
    request = {"RequestItems": {SCORES: {**asked, "Keys": [*asked["Keys"], other]}}}
    operations = story.evidence.operations
    operations[operations.index(false)] = false._replace(request=request)

    assert [one.kind for one in story.findings()] == ["item invented"]


@pytest.mark.parametrize("name", ["Query", "Scan"])
def test_an_item_that_was_never_as_it_is_shown_is_found(story: Story, name: str) -> None:
    def another(items: list[Json]) -> list[Json]:
        return [{**items[0], "version": {"S": "nobody's"}}, *items[1:]]

    false = story.falsify(name, another)

    (finding,) = story.findings()
    assert (finding.kind, finding.transactions) == ("not current", (false.call,))
    assert "nobody's" in finding.explanation


def test_an_item_that_is_shown_as_it_was_before_is_found(story: Story) -> None:
    strong = [one for one in story.evidence.operations if one.request.get("ConsistentRead")]
    scans = [one for one in strong if one.name == "Scan" and one.outcome == "committed"]
    by_key = [
        {str(item["player"]) + str(item["game"]): item for item in items_of(one)} for one in scans
    ]
    first, last = by_key[0], by_key[-1]
    old = next(item for key, item in first.items() if last.get(key, item) != item)

    def as_before(items: list[Json]) -> list[Json]:
        mine = old["game"], old["player"]
        return [old if (one["game"], one["player"]) == mine else one for one in items]

    false = scans[-1]
    operations = story.evidence.operations
    operations[operations.index(false)] = false._replace(
        answer={**false.answer, "Items": as_before(items_of(false))}
    )

    assert [one.kind for one in story.findings()] == ["not current"]


def test_a_partition_whose_pages_show_items_as_they_were_at_first_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first: dict[Any, Any] = {}

    def as_at_first(asked: Scan, order: Any, records: Any, *more: Any) -> Any:
        old = {key: first.setdefault((asked.table, key), one) for key, one in records.items()}
        return weighed_page(asked, order, old, *more)

    weighed_page = scan.weighed_page
    monkeypatch.setattr(scan, "weighed_page", as_at_first)
    result = Run(load("stale-reads", {**STRONG, "workload.strong": "1"}), SEED).go()

    assert {(one.checker, one.kind) for one in result.findings} == {("pages", "not current")}


@pytest.mark.parametrize("is_late", [False, True])
def test_an_item_that_a_batch_shows_twice_is_found(story: Story, *, is_late: bool) -> None:
    false = story.falsify(BATCH, lambda items: [*items, items[0]])
    if is_late:
        story.evidence.late = {*story.evidence.late, *false.attempts}

    assert [one.kind for one in story.findings()] == ["item unasked"]


def test_an_item_that_a_batch_shows_and_gives_back_is_found(story: Story) -> None:
    false = story.falsify(BATCH, list)
    (first, *_) = items_of(false)
    back = {SCORES: {"Keys": [{name: first[name] for name in ("game", "player")}]}}
    operations = story.evidence.operations
    answer = {**false.answer, "UnprocessedKeys": back}
    operations[operations.index(false)] = false._replace(answer=answer)

    assert [one.kind for one in story.findings()] == ["item unasked"]


def test_an_item_that_a_batch_was_not_asked_for_is_found(story: Story) -> None:
    false = story.falsify(BATCH, list)
    asked = false.request["RequestItems"][SCORES]
    request = {"RequestItems": {SCORES: {**asked, "Keys": asked["Keys"][1:]}}}
    operations = story.evidence.operations
    operations[operations.index(false)] = false._replace(request=request)

    assert [one.kind for one in story.findings()] == ["item unasked"]


def test_what_lies_behind_the_end_of_a_page_is_not_missed(story: Story) -> None:
    false = story.falsify("Scan", lambda items: items[:3])
    assert len(story.findings()) > 1

    key = {name: items_of(false)[-1][name] for name in ("game", "player")}
    operations = story.evidence.operations
    place = operations.index(false)
    operations[place] = false._replace(answer={**false.answer, "LastEvaluatedKey": key})

    assert story.findings() == []


def test_an_answer_that_a_follower_had_a_part_in_is_not_judged_by_what_it_leaves_out(
    story: Story,
) -> None:
    false = story.falsify("Scan", lambda items: items[1:])
    request = {name: value for name, value in false.request.items() if name != "ConsistentRead"}
    operations = story.evidence.operations
    operations[operations.index(false)] = false._replace(request=request)
    story.evidence.late = {*story.evidence.late, *false.attempts}

    assert story.findings() == []


# What a page counts, and what its filter lets through ---------------------------------------------


def of_page(story: Story, has: str = "") -> Operation:
    """Find a strong page that was asked for in this way and shows something."""
    return next(
        one
        for one in story.evidence.operations
        if one.name in ("Query", "Scan") and one.outcome == "committed"
        if has in ("", *one.request) and not story.evidence.is_late(one)
        if one.answer.get("Items", has == "Select")
    )


def test_a_whole_page_counts_what_it_shows(story: Story) -> None:
    for name in ("Count", "ScannedCount"):
        false = of_page(story)
        operations, place = story.evidence.operations, story.evidence.operations.index(false)
        operations[place] = false._replace(answer={**false.answer, name: 1 + false.answer[name]})

        (finding,) = story.findings()
        assert (finding.kind, finding.transactions) == ("page miscounted", (false.call,))
        operations[place] = false


@pytest.fixture(scope="module")
def ran_by_pages() -> Story:
    return Story({"workload.pages": "1"})


@pytest.mark.parametrize(
    ("has", "change"),
    [
        ("Limit", lambda request, answer: ({**request, "Limit": answer["ScannedCount"] - 1}, {})),
        ("Select", lambda request, answer: (request, {"Count": answer["Count"] + 1})),
        ("Select", lambda request, answer: (request, dict.fromkeys(COUNTS, 21))),
        ("FilterExpression", lambda request, _: (request, {"ScannedCount": 21})),
    ],
    ids=["limit", "more than passes", "more than there is", "more than was looked at"],
)
def test_what_a_page_counts_is_judged_by_what_there_was(
    ran_by_pages: Story, has: str, change: Any
) -> None:
    assert ran_by_pages.findings() == []
    false = of_page(ran_by_pages, has)
    request, more = change(false.request, false.answer)
    operations = ran_by_pages.evidence.operations
    place = operations.index(false)
    operations[place] = false._replace(request=request, answer={**false.answer, **more})

    found = ran_by_pages.findings()
    operations[place] = false
    assert {(one.kind, one.transactions) for one in found} == {("page miscounted", (false.call,))}


def test_what_does_not_pass_a_filter_is_not_to_be_shown(ran_by_pages: Story) -> None:
    false = of_page(ran_by_pages, "FilterExpression")
    values = {**false.request["ExpressionAttributeValues"], ":few": {"N": "1000"}}
    request = {**false.request, "ExpressionAttributeValues": values}
    operations = ran_by_pages.evidence.operations
    place = operations.index(false)
    operations[place] = false._replace(request=request)

    kinds = {one.kind for one in ran_by_pages.findings()}
    operations[place] = false
    assert "filter ignored" in kinds


# What only may have been there --------------------------------------------------------------------

BEFORE, MEANWHILE, AFTER, UNKNOWN = (0, 90), (50, 150), (210, 220), (0, 0)


def at(span: tuple[int, int]) -> Operation:
    """Make a write that lasted so long; nobody knows what came of it if it has no end."""
    first, last = span
    return Operation(0, "k1", "PutItem", {}, "", first, last, [], 200 if last else 0, {})


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ([], (0, 0)),
        ([BEFORE], (1, 1)),
        ([MEANWHILE], (0, 1)),
        ([UNKNOWN], (0, 1)),
        ([AFTER], (0, 0)),
        ([(0, 100)], (0, 1)),  # At one moment, either may be first.
        ([(200, 220)], (0, 1)),
        ([BEFORE, MEANWHILE], (1, 2)),
        ([BEFORE, UNKNOWN], (1, 2)),
        ([BEFORE, BEFORE], (2, 2)),
        ([BEFORE, AFTER], (1, 1)),
        ([MEANWHILE, BEFORE, MEANWHILE], (2, 3)),
        ([UNKNOWN, BEFORE], (2, 2)),
        ([MEANWHILE, AFTER, MEANWHILE], (0, 1)),
    ],
)
def test_only_what_is_sure_by_real_time_is_asked_for(
    written: list[tuple[int, int]], there: tuple[int, int]
) -> None:
    writers = {f"w{n}": at(span) for n, span in enumerate(written)}
    versions = [Version(n + 1, n, is_item=True, writer=f"w{n}") for n in range(len(written))]

    counts = Lifetime(versions, writers).during(at((100, 200)))

    assert (counts[0], counts[-1]) == there


def test_a_transaction_is_not_there_before_it_is_decided() -> None:
    writers, versions = {"w": at(MEANWHILE)}, [Version(1, 0, is_item=True, writer="w")]
    read = at((60, 100))

    assert [*Lifetime(versions, writers, {"w": 100}).during(read)] == [0, 1]
    assert [*Lifetime(versions, writers, {"w": 101}).during(read)] == [0]


def test_a_real_time_that_contradicts_itself_says_nothing_of_an_item() -> None:
    writers = {"w0": at(AFTER), "w1": at(BEFORE)}
    versions = [Version(1, 0, is_item=True, writer="w0"), Version(2, 1, is_item=True, writer="w1")]

    assert not Lifetime(versions, writers).during(at((100, 200)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"faults.all": "1"},
        {"faults.partition_splits": "4"},
        {"faults.partition_splits": "2", "workload.pages": "0.7"},
    ],
)
def test_the_unbroken_protocol_has_no_finding(more: dict[str, str], soak: bool) -> None:
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        going = Run(load("stale-reads", {**STRONG, **more}), seed)
        result = going.go()
        assert "pages" in result.checks
        assert result.findings == ()
