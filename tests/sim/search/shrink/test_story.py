"""A story: names that no removal changes, and the scenario that says it."""

from dataclasses import replace

import pytest

from network.placement import Placement
from sim.faults.steps import MessageAt, Step, parse
from sim.run import run
from sim.scenario import parse as parse_scenario
from sim.search.shrink.scenario_file import written
from sim.search.shrink.story import (
    Action,
    Choice,
    Request,
    Story,
    item_names,
    scenario_of,
    steps_of,
)


def write(number: int, client: str, *items: int, at_us: int = 0) -> Request:
    actions = tuple(Action("update", item, 10 * number + item) for item in items)
    return Request(number, client, at_us, "write", actions)


def lost(of: int | None, kind: str = "prepare") -> Choice:
    step = Step("lose", "", None, False, "before", MessageAt("c1", "p1", kind, 1), "sent")
    return Choice(step, of)


STORY = Story(
    requests=(
        write(1, "k4", 1, 2),
        write(2, "k7", 2, 1, at_us=3_000),
        write(3, "k7", 1, at_us=9_000),
    ),
    homes={1: 1, 2: 2},
    there=(1, 2),
    choices=(lost(2), lost(3)),
    keys={"cluster.partitions": 2, "cluster.coordinators": 1},
)


def test_clients_items_and_values_are_named_from_the_first_on() -> None:
    scenario = scenario_of(STORY)

    assert scenario.workload_keys["requests"] == (
        "k1: write update(a, 1) update(d, 2)\n"
        "k2: at 3ms write update(d, 3) update(a, 4)\n"
        "k2: at 9ms write update(a, 5)"
    )
    assert scenario.workload_keys["there"] == "a=0 d=0"
    assert scenario.keys["workload.clients"] == 2


def test_a_token_is_said_where_requests_have_it_in_common() -> None:
    shared = tuple(replace(one, token=1) for one in STORY.requests[:2])
    story = replace(STORY, requests=(*shared, STORY.requests[2]))
    lines = str(scenario_of(story).workload_keys["requests"]).splitlines()

    assert [line.endswith(" [token=T1]") for line in lines] == [True, True, False]
    assert "token" not in str(scenario_of(story.without(frozenset([1]))).workload_keys["requests"])


def test_an_item_is_called_by_a_word_that_lives_where_it_does() -> None:
    placement = Placement(["p1", "p2"], ["l1"])

    for item, word in item_names(STORY).items():
        assert placement.owner("items", (("S", word),)) == f"p{STORY.homes[item]}"


def test_a_message_is_named_by_the_request_it_belongs_to() -> None:
    assert [str(step) for step in steps_of(STORY)] == [
        "lose c1>p1 prepare of k2.1 #1",
        "lose c1>p1 prepare of k2.2 #1",
    ]


def test_taking_a_request_out_shifts_nobody_elses_choice() -> None:
    left = STORY.without(frozenset([2]))

    assert left.choices == (lost(3),)
    assert [str(step) for step in steps_of(left)] == ["lose c1>p1 prepare of k2.1 #1"]
    assert [str(step) for step in steps_of(STORY.without(frozenset([1])))] == [
        "lose c1>p1 prepare of k1.1 #1",
        "lose c1>p1 prepare of k1.2 #1",
    ]


def test_a_request_without_a_moment_comes_after_its_clients_one_before() -> None:
    at_once = replace(STORY.requests[2], at_us=0)
    story = replace(STORY, requests=(*STORY.requests[:2], at_once))

    assert str(scenario_of(story).workload_keys["requests"]).splitlines()[2].startswith("k2: write")
    assert steps_of(story) == steps_of(STORY)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action("put", 1, 5, "missing"), "put(a, 1 if missing)"),
        (Action("delete", 1, 0, "exists"), "delete(a if exists)"),
        (Action("update", 1, 5, "= nothing", shows=True), "update(a, 1 if = nothing showing)"),
        (Action("check", 1, 0, "exists"), "check(a if exists)"),
    ],
)
def test_an_action_is_said_as_scripts_say_it(action: Action, said: str) -> None:
    story = Story((Request(1, "k1", 0, "write", (action,)),), {1: 1}, (), ())

    assert scenario_of(story).workload_keys["requests"] == f"k1: write {said}"


def test_what_a_story_says_can_be_written_read_and_run() -> None:
    scenario = scenario_of(STORY)

    again = parse_scenario(written(scenario, None), "story", {})

    assert again.steps == scenario.steps == tuple(parse(str(step)) for step in scenario.steps)
    result = run(again, 1)
    assert result.ok
    assert [told.happened for told in result.steps] == [True, True]
    assert result.digest == run(scenario, 1).digest
