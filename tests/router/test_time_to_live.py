from typing import Any

import pytest

from items.errors import RESOURCE_NOT_FOUND, VALIDATION
from network.messages import Request
from network.placement import TABLES_TABLE
from sim.settings import Shape
from tests.router.harness import World

Json = dict[str, Any]

NAMED: Json = {"TableName": "pets"}


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def switched(attribute: str, *, on: bool) -> Json:
    specification = {"AttributeName": attribute, "Enabled": on}
    return {**NAMED, "TimeToLiveSpecification": specification}


def described(world: World, **how: Any) -> Any:
    return world.ok("DescribeTimeToLive", NAMED, **how)["TimeToLiveDescription"]


def test_it_is_off_until_it_is_switched_on(world: World) -> None:
    first = described(world)
    body = switched("until", on=True)
    answer = world.ok("UpdateTimeToLive", body)
    on = described(world, router="r2")
    world.ok("UpdateTimeToLive", switched("until", on=False))

    assert answer == {"TimeToLiveSpecification": body["TimeToLiveSpecification"]}
    assert on == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert first == described(world) == {"TimeToLiveStatus": "DISABLED"}


def test_a_change_that_was_made_before_a_crash_is_not_refused_when_it_is_asked_anew() -> None:
    world = World(shape=Shape(ledgers=1, clients=0))
    world.table()
    network, answers = world.cluster.network, list[Any]()

    async def switch() -> None:
        answers.append(await world.asked("UpdateTimeToLive", switched("until", on=True)))

    world.host.spawn(switch())
    for _ in range(10_000):
        if is_on(world):
            break
        world.loop.run_for(10)  # In small steps, to be there before the answer leaves.
    network.link("l1", "r1").cut = True  # The change is durable in a moment; nobody hears of it.
    world.loop.run_for(20_000)
    world.cluster.crash("l1")
    world.cluster.start("l1")
    network.link("l1", "r1").cut = False
    world.until(lambda: bool(answers))

    assert answers[0].status == 200
    assert described(world)["TimeToLiveStatus"] == "ENABLED"


def is_on(world: World) -> bool:
    """Look into the definition where it is kept."""
    machine = world.cluster.machine("l1")
    assert machine is not None
    (record,) = machine._tables[TABLES_TABLE].records.values()
    return record.item is not None and "TimeToLive" in record.item


def test_a_copy_of_a_switch_is_answered_from_memory(world: World) -> None:
    number = 1 << 40  # Above all that the client has used.
    for _ in range(2):
        world.send("r1", number, Request("UpdateTimeToLive", switched("until", on=True), None, 1))
        world.loop.run_for(100_000)

    answers: list[Any] = [one.message for one in world.replies if one.reply_to == number]
    assert [answer.status for answer in answers] == [200, 200]


def test_an_item_past_its_time_stays(world: World) -> None:
    world.ok("UpdateTimeToLive", switched("until", on=True))
    item = {"pk": {"S": "a"}, "until": {"N": "1"}}
    world.put(item)

    world.loop.run_for(3_600_000_000)

    assert world.get({"pk": {"S": "a"}}) == item


@pytest.mark.parametrize(
    ("before", "body", "message"),
    [
        ("until", switched("until", on=True), "TimeToLive is already enabled"),
        (None, switched("until", on=False), "TimeToLive is already disabled"),
        (
            "until",
            switched("end", on=True),
            "TimeToLive is active on a different AttributeName: current AttributeName is until",
        ),
        (
            "until",
            switched("end", on=False),
            "TimeToLive is active on a different AttributeName: current AttributeName is until",
        ),
        (
            None,
            NAMED,
            "1 validation error detected: Value null at 'timeToLiveSpecification' failed to"
            " satisfy constraint: Member must not be null",
        ),
        (
            None,
            switched("", on=True),
            "1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName'"
            " failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ],
)
def test_what_it_is_already_it_cannot_become(
    world: World, before: str | None, body: Json, message: str
) -> None:
    if before is not None:
        world.ok("UpdateTimeToLive", switched(before, on=True))

    assert world.error("UpdateTimeToLive", body) == (VALIDATION.name, message)


@pytest.mark.parametrize(
    ("operation", "body"),
    [("DescribeTimeToLive", NAMED), ("UpdateTimeToLive", switched("until", on=True))],
)
def test_a_table_that_nobody_made_is_not_found(operation: str, body: Json) -> None:
    assert World().error(operation, body) == (
        RESOURCE_NOT_FOUND.name,
        "Requested resource not found: Table: pets not found",
    )
