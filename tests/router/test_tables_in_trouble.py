"""Tables come and go while messages are lost and repeated and hosts crash."""

from typing import Any

import pytest

from network.messages import Request, Restarted
from network.rpc import Patience
from network.weather import Uniform, Weather
from partition.machine import Machine
from sim.chance import NamedChance, NamedSite
from sim.settings import Shape
from tests.router.harness import SECOND_US, World

STEPS = 20
CLIENTS = 4
NAMES = ("cats", "dogs")
OPERATIONS = ("CreateTable", "DeleteTable", "DescribeTable", "DescribeTable", "PutItem", "PutItem")
KEYS: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
IMPATIENCE = Patience(3 * SECOND_US, 3 * SECOND_US, 3 * SECOND_US, repeats=False)
STORM = Weather(Uniform(200, 5_000), loss=0.05, repeat=0.2, late=0.1, late_us=500_000)
CRASHING = ("r1", "r2", "p1", "p2", "p3", "l1", "l2")


async def work(world: World, site: NamedSite, done: list[NamedSite]) -> None:
    incarnations = {"r1": 1, "r2": 1}
    for _ in range(STEPS):
        router = ("r1", "r2")[site.below(2)]
        operation = OPERATIONS[site.below(len(OPERATIONS))]
        body: dict[str, Any] = {"TableName": NAMES[site.below(len(NAMES))]}
        if operation == "CreateTable":
            body.update(KEYS)
        if operation == "PutItem":
            body["Item"] = {"pk": {"S": str(site.below(9))}}
        request = Request(operation, body, None, incarnations[router])
        reply = await world.peers.ask(router, request, IMPATIENCE)
        if isinstance(reply, Restarted):
            incarnations[router] = reply.incarnation
        await world.host.sleep(1 + site.below(200_000))
    done.append(site)


def trouble(world: World, site: NamedSite) -> None:
    if site.below(3) == 0:
        victim = CRASHING[site.below(len(CRASHING))]
        world.cluster.crash(victim)
        world.loop.run_for(1 + site.below(300_000))
        world.cluster.start(victim)


def describe(world: World, name: str) -> str | None:
    incarnation = world.cluster.hosts["r1"].incarnation
    response = world.ask("DescribeTable", {"TableName": name}, incarnation=incarnation)
    status: str | None = response.body.get("Table", {}).get("TableStatus")
    return status


def machine(world: World, name: str) -> Machine:
    found = world.cluster.machine(name)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(8))
def test_in_the_end_the_partitions_keep_the_tables_that_are_defined_and_no_others(
    seed: int,
) -> None:
    world = World(shape=Shape(partitions=3, ledgers=2, coordinators=1, clients=0))
    world.cluster.network.change_weather(STORM)
    chance, done = NamedChance(seed), list[NamedSite]()
    for n in range(CLIENTS):
        world.host.spawn(work(world, chance.site(f"client {n}"), done))
    while len(done) < CLIENTS:
        world.loop.run_for(300_000)
        trouble(world, chance.site("trouble"))

    world.cluster.network.change_weather(Weather(Uniform(200, 2_000)))
    statuses: list[str | None] = []
    for _ in range(3):  # Whoever is asked to describe a table takes it further.
        world.loop.run_for(5 * SECOND_US)
        statuses = [describe(world, name) for name in NAMES]

    records = [
        record
        for name in world.cluster.ledgers
        for record in machine(world, name)._tables["$tables"].records.values()
    ]
    defined = {record.item["Id"][1] for record in records if record.item is not None}
    assert set(statuses) <= {"ACTIVE", None}
    assert len(defined) == statuses.count("ACTIVE")
    for name in world.cluster.partitions:
        tables = machine(world, name)._tables
        assert {one for one, table in tables.items() if not table.state.dropped} == defined
